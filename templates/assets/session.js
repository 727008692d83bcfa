// What the page of a session does beyond its links: keys, place in outline and strip, folds that are
// remembered, copies. The page works without any of it.
(() => {
  "use strict";
  const session = () => document.querySelector("[data-session]")?.dataset.session;
  let known = null;
  const rows = () => (known ??= [...document.querySelectorAll(".transcript > .msg")]);
  const seq = (row) => Number(row.id.slice(1));

  // Below this line reading begins: where an address that names a message puts it.
  function line() {
    const bar = document.querySelector(".bar.sticky");
    const padding = parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) || 0;
    return Math.max(bar ? bar.getBoundingClientRect().bottom : 0, padding) + 4;
  }
  // The first message that ends below the line.
  function topmost() {
    const all = rows();
    const from = line();
    let low = 0;
    let high = all.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (all[middle].getBoundingClientRect().bottom > from) high = middle;
      else low = middle + 1;
    }
    return low;
  }
  const before = (list, at) => {
    let found = null;
    for (const entry of list) {
      if (Number(entry.dataset.seq) > at) break;
      found = entry;
    }
    return found;
  };

  // Where the reader is, in outline and strip.
  let asked = false;
  let turned = null;
  function follow() {
    asked = false;
    const row = rows()[topmost()];
    if (!row) return;
    const at = seq(row);
    const place = before(document.querySelectorAll("#strip a"), at);
    if (place) document.querySelector("#strip .here")?.setAttribute("x", place.querySelector("rect").getAttribute("x"));
    const list = document.querySelector("#outline .turns");
    if (!list) return;
    const links = [...list.querySelectorAll("a")];
    const turn = before(links, at);
    keepUp(list, links, turn, at);
    const was = list.querySelector("a[aria-current]");
    if (!turn) return;
    if (turn !== was) {
      was?.removeAttribute("aria-current");
      turn.setAttribute("aria-current", "true");
    }
    if (turned === turn.dataset.seq) return;
    turned = turn.dataset.seq;
    const [box, inner] = [side().getBoundingClientRect(), turn.getBoundingClientRect()];
    if (!side().matches(":hover") && (inner.top < box.top || inner.bottom > box.bottom)) side().scrollTop += inner.top - box.top - box.height / 3;
  }
  // The outline is a window of the prompts: near its edge the one around the reader takes its place.
  const EDGE = 10;
  let fetching = false;
  // where the reader stood when turning the outline's pages by hand
  let leafed = null;
  function keepUp(list, links, turn, at) {
    const place = links.indexOf(turn);
    const early = Number(list.dataset.before) > 0 && place < EDGE;
    const late = Number(list.dataset.after) > 0 && place >= links.length - EDGE;
    if (leafed !== null && Math.abs(leafed - scrollY) < innerHeight / 2) return;
    leafed = null;
    if (fetching || !(early || late)) return;
    fetching = true;
    const url = new URL(document.getElementById("outline").getAttribute("hx-get"), location.href);
    url.searchParams.set("m", at);
    const got = htmx.ajax("GET", url.pathname + url.search, { target: "#outline", swap: "morph:innerHTML" });
    // the next try, after a failure too, is the next scroll's
    got.catch(() => {}).then(() => { fetching = false; });
  }
  // what is in sight in it stays where it is
  let anchor = null;
  const side = () => document.querySelector(".outline-side");
  document.addEventListener("htmx:beforeSwap", (event) => {
    anchor = null;
    if (event.detail.target?.id !== "outline") return;
    if (event.detail.requestConfig?.triggeringEvent?.type === "click") {
      leafed = scrollY;
      return;
    }
    const top = side().getBoundingClientRect().top;
    const seen = [...side().querySelectorAll(".turns a")].find((link) => link.getBoundingClientRect().bottom > top);
    if (seen) anchor = { seq: seen.dataset.seq, top: seen.getBoundingClientRect().top };
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.id !== "outline" || !anchor) return;
    const again = side().querySelector(`.turns a[data-seq="${anchor.seq}"]`);
    if (again) side().scrollTop += again.getBoundingClientRect().top - anchor.top;
    else turned = null;
    anchor = null;
  });
  const soon = () => {
    if (!asked) requestAnimationFrame(follow);
    asked = true;
  };
  addEventListener("scroll", soon, { passive: true });

  // Jumps: within what is shown by itself, beyond it by the link.
  let last = { row: null, y: -1 };
  function here() {
    if (last.row?.isConnected && Math.abs(last.y - scrollY) < 2) return { at: rows().indexOf(last.row), within: false };
    const at = topmost();
    const row = rows()[at];
    return { at, within: !!row && row.getBoundingClientRect().top < line() - 40 };
  }
  // what the address names is where the reader stands, also where the page is too short to show it on top
  addEventListener("load", () => setTimeout(() => { last = { row: document.querySelector(".msg.is-target"), y: scrollY }; }));
  const is = (row, kind) => (row.dataset.kinds ?? "").split(" ").includes(kind);
  function go(row) {
    document.querySelectorAll(".msg.is-target").forEach((other) => other.classList.remove("is-target"));
    row.classList.add("is-target");
    const fold = row.querySelector(":scope > details");
    if (fold) fold.open = true;
    row.scrollIntoView({ block: "start" });
    last = { row, y: scrollY };
    const url = new URL(location.href);
    url.searchParams.set("m", seq(row));
    url.searchParams.delete("none");
    url.searchParams.delete("offset");
    url.hash = row.id;
    history.replaceState(history.state, "", url);
    soon();
  }
  function jump(link) {
    const { jump: kind, way } = link.dataset;
    const { at, within } = here();
    const step = way === "next" ? 1 : -1;
    if (kind === "prompt" || kind === "error" || kind === "edit") {
      for (let i = step < 0 && within ? at : at + step; rows()[i]; i += step) {
        if (is(rows()[i], kind)) return go(rows()[i]);
      }
    }
    const url = new URL(link.href);
    const row = rows()[at];
    const searched = kind === "hit" && new URL(location.href).searchParams.get("m");
    if (row) url.searchParams.set("from", searched || (step < 0 && within ? seq(row) + 1 : seq(row)));
    location.assign(url);
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-jump]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    jump(link);
  });
  const keys = {
    n: ["prompt", "next"], p: ["prompt", "previous"],
    e: ["error", "next"], E: ["error", "previous"],
    c: ["edit", "next"], C: ["edit", "previous"],
    t: ["tool", "next"], T: ["tool", "previous"],
    "]": ["hit", "next"], "[": ["hit", "previous"],
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, [contenteditable]")) return;
    if (event.key === "f" && document.getElementById("within")) {
      event.preventDefault();
      document.getElementById("within").select();
      return;
    }
    const [kind, way] = keys[event.key] ?? [];
    const link = kind && document.querySelector(`a[data-jump="${kind}"][data-way="${way}"]`);
    if (!link) return;
    event.preventDefault();
    jump(link);
  });

  // Folds that a reader opened stay open: after a redraw, and on the next visit.
  const KEY = "codedash-folds";
  const SESSIONS = 40;
  const FOLDS = 300;
  let printing = false;
  function folds() {
    try {
      return JSON.parse(localStorage.getItem(KEY)) ?? {};
    } catch {
      return {};
    }
  }
  document.addEventListener("toggle", (event) => {
    const row = event.target.parentElement;
    if (printing || !session() || !event.target.matches(".msg > details")) return;
    const all = folds();
    const open = (all[session()] ?? []).filter((n) => n !== seq(row));
    if (event.target.open && !row.classList.contains("is-target")) open.push(seq(row));
    delete all[session()];
    // the newest stands last, the oldest goes first
    if (open.length) all[session()] = open.slice(-FOLDS);
    for (const old of Object.keys(all).slice(0, -SESSIONS)) delete all[old];
    try {
      localStorage.setItem(KEY, JSON.stringify(all));
    } catch {
      // full or forbidden: folds are forgotten, nothing else
    }
  }, true);
  function unfold() {
    for (const n of folds()[session()] ?? []) {
      const fold = document.querySelector(`#m${n} > details`);
      if (fold) fold.open = true;
    }
  }
  const shut = [];
  addEventListener("beforeprint", () => {
    printing = true;
    for (const fold of document.querySelectorAll(".msg > details:not([open])")) {
      fold.open = true;
      shut.push(fold);
    }
  });
  addEventListener("afterprint", () => {
    shut.splice(0).forEach((fold) => { fold.open = false; });
    setTimeout(() => { printing = false; });
  });

  // Copies: of a message as Markdown, of a block of code.
  async function told(button, text) {
    const label = button.textContent;
    try {
      await navigator.clipboard.writeText(await text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Not copied";
    }
    setTimeout(() => { button.textContent = label; }, 1500);
  }
  document.addEventListener("click", (event) => {
    const message = event.target.closest("[data-copy-text]");
    if (message) {
      told(message, fetch(message.dataset.copyText).then((answer) => {
        if (!answer.ok) throw new Error(answer.status);
        return answer.text();
      }));
    }
    const code = event.target.closest(".copy-code");
    if (code) told(code, code.parentElement.querySelector("pre").textContent);
  });
  function boxes() {
    for (const code of document.querySelectorAll(".transcript pre, .touched pre")) {
      if (code.parentElement.classList.contains("code-box")) continue;
      const box = document.createElement("div");
      box.className = "code-box";
      code.replaceWith(box);
      const button = document.createElement("button");
      button.type = "button";
      button.className = "copy-code";
      button.textContent = "Copy";
      box.append(code, button);
    }
  }

  // An image that its source holds no more is not shown.
  const gone = (image) => {
    const shots = image.closest(".shots");
    (image.closest("a") ?? image).remove();
    if (shots && !shots.children.length) shots.remove();
  };
  document.addEventListener("error", (event) => {
    if (event.target.matches?.(".shots img")) gone(event.target);
  }, true);

  function dress() {
    known = null;
    boxes();
    unfold();
    for (const image of document.querySelectorAll(".shots img")) {
      if (image.complete && image.src && !image.naturalWidth) gone(image);
    }
    soon();
  }
  const KEPT = ["show-outline", "outline", "strip", "files", "commits"];
  document.addEventListener("DOMContentLoaded", () => {
    if (window.Idiomorph) {
      const callbacks = Idiomorph.defaults.callbacks;
      const others = callbacks.beforeNodeMorphed;
      // what came by itself is of the same session still
      callbacks.beforeNodeMorphed = (node, next) => !(KEPT.includes(node.id) && node.id === next.id) && others?.(node, next) !== false;
    }
    dress();
  });
  for (const event of ["htmx:afterSwap", "htmx:oobAfterSwap"]) document.addEventListener(event, dress);
  document.addEventListener("htmx:configRequest", (event) => {
    const list = event.detail.elt.id === "outline" && document.querySelector("#outline .turns");
    if (!list) return;
    event.detail.parameters.offset = list.dataset.offset;
    event.detail.parameters.seen = list.dataset.items;
  });
})();
