// Lists of sessions: selection, groups, paging that can be come back to, calendar, keys.
// Everything here has a plain link or form below it.
(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root.querySelector(selector);
  const memory = {
    get(key, otherwise) {
      try { return JSON.parse(sessionStorage.getItem(key)) ?? otherwise; } catch { return otherwise; }
    },
    set(key, value) {
      try { sessionStorage.setItem(key, JSON.stringify(value)); } catch { /* a full or forbidden store: this page only */ }
    },
  };

  // ---- what a redraw must leave alone: an open preview, and what is being typed
  function guard() {
    if (!window.Idiomorph) return;
    const callbacks = Idiomorph.defaults.callbacks;
    const before = callbacks.beforeNodeMorphed;
    callbacks.beforeNodeMorphed = (node, next) => {
      if (node.classList?.contains("peek")) return false;
      if (node.localName === "form" && node.contains(document.activeElement) && document.activeElement.matches("input")) return false;
      return before ? before(node, next) : true;
    };
  }

  // ---- paging: the address says how much is shown, so that back and reload come to the same place
  const MOST = 1200;
  document.addEventListener("htmx:afterSwap", (event) => {
    const path = event.detail.pathInfo?.requestPath ?? "";
    if (!/\/fragments\/(sessions|starred)\/more/.test(path)) return;
    const shown = Number(new URLSearchParams(path.split("?")[1]).get("offset")) + 60;
    const here = new URL(location.href);
    if (shown > MOST || here.searchParams.has("offset")) return;
    here.searchParams.set("shown", shown);
    history.replaceState(history.state, "", here);
  });
  document.addEventListener("htmx:configRequest", (event) => {
    const { elt, parameters, verb } = event.detail;
    const shown = new URLSearchParams(location.search).get("shown");
    if (shown && (elt.id === "fresh" || elt.dataset.key === "r")) parameters.set("shown", shown);
    // forms come back to the list as it is now
    if (verb === "post" && parameters.has("back")) parameters.set("back", location.pathname + location.search);
  });
  // a list that has grown past what one answer holds is left as it is
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.id === "fresh" && all("[data-row]").length > MOST) event.preventDefault();
  });

  // the way back leads to the card that was left: heights of cards that are not drawn yet are guesses
  const LEFT = "codedash-left";
  addEventListener("pagehide", () => {
    const row = all("[data-row]").find((row) => row.getBoundingClientRect().bottom > 60);
    if (row?.id) memory.set(LEFT, { url: location.href, id: row.id, top: row.getBoundingClientRect().top });
  });
  addEventListener("pageshow", () => {
    const left = memory.get(LEFT, {});
    const how = performance.getEntriesByType("navigation")[0]?.type;
    const row = document.getElementById(left.id ?? "");
    if (!row || left.url !== location.href || how !== "back_forward") return;
    let frames = 8;
    const settle = () => {
      scrollBy({ top: row.getBoundingClientRect().top - left.top, behavior: "instant" });
      if (frames--) requestAnimationFrame(settle);
    };
    settle();
  });

  // a page from further down redraws itself by being loaded again
  document.addEventListener("marked", () => one("#fresh") ?? location.reload());

  // ---- groups that were folded stay so wherever they go on
  const FOLDED = "codedash-groups";
  const folds = () => memory.get(FOLDED, {});
  function fold(root = document) {
    const kept = folds();
    for (const group of all("details[data-group]", root)) {
      const open = kept[group.dataset.group] ?? kept.all;
      if (open !== undefined && group.open !== open) group.open = open;
    }
  }
  document.addEventListener("toggle", (event) => {
    const group = event.target;
    if (!group.dataset?.group) return;
    const kept = folds();
    if ((kept[group.dataset.group] ?? kept.all ?? true) === group.open) return;
    memory.set(FOLDED, { ...kept, [group.dataset.group]: group.open });
  }, true);
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-fold]");
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const open = link.dataset.fold === "open";
    memory.set(FOLDED, { all: open });
    for (const group of all("details[data-group]")) group.open = open;
    for (const other of all("[data-fold]")) other.toggleAttribute("aria-current", other === link);
    link.setAttribute("aria-current", "true");
  });

  // ---- selection: kept for this tab, over pages, filters and redraws
  const CHOSEN = "codedash-selected";
  let chosen = new Set(memory.get(CHOSEN, []));
  let asking;
  const bulk = () => one("[data-bulk]");
  const checks = () => all(".check");
  function keep() {
    memory.set(CHOSEN, [...chosen]);
    tell();
  }
  function tell() {
    const form = bulk();
    if (!form) return;
    const shown = new Set(checks().map((check) => check.value));
    all("[data-elsewhere]", form).forEach((input) => input.remove());
    for (const id of chosen) {
      if (shown.has(id)) continue;
      const input = document.createElement("input");
      Object.assign(input, { type: "hidden", name: "id", value: id });
      input.dataset.elsewhere = "";
      form.append(input);
    }
    const n = chosen.size;
    const elsewhere = [...chosen].filter((id) => !shown.has(id)).length;
    one("[data-chosen]", form).textContent = n ? `${n} selected` : "Tick the sessions that are meant.";
    for (const button of all("button[name=do], button[formaction]", form)) button.disabled = !n;
    for (const check of checks()) check.checked = chosen.has(check.value);
    clearTimeout(asking);
    const warning = one("[data-hidden-ones]", form);
    if (!elsewhere) warning.replaceChildren();
    else asking = setTimeout(() => hidden(form, warning), 120);
  }
  /** Of those that are not on the page: which does the filter hide, which are only further down? */
  async function hidden(form, warning) {
    const fields = new FormData(form);
    const asked = new URLSearchParams({ token: fields.get("token"), state: fields.get("state") });
    if ("starred" in form.elements.state.dataset) asked.set("starred", "1");
    for (const id of chosen) asked.append("id", id);
    const answer = await fetch("/fragments/selection", { method: "POST", body: asked }).catch(() => null);
    if (!answer?.ok || !warning.isConnected) return;
    warning.innerHTML = await answer.text();
  }
  document.addEventListener("change", (event) => {
    if (!event.target.classList?.contains("check")) return;
    if (event.target.checked) chosen.add(event.target.value);
    else chosen.delete(event.target.value);
    keep();
  });
  document.addEventListener("click", (event) => {
    const target = event.target;
    if (target.closest?.("[data-all]")) {
      event.preventDefault();
      for (const check of checks()) chosen.add(check.value);
      keep();
    } else if (target.closest?.("[data-clear]")) {
      event.preventDefault();
      chosen.clear();
      keep();
    } else if (target.closest?.("[data-deselect]")) {
      for (const data of all("[data-hidden-ones] data")) chosen.delete(data.value);
      keep();
    } else if (bulk() && target.closest?.("[data-row] a.open") && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      // while sessions are being selected, a card is its check box
      event.preventDefault();
      one(".check", target.closest("[data-row]"))?.click();
    }
  }, true);
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-bulk]") || event.submitter?.hasAttribute("formaction")) return;
    event.preventDefault();
    const fields = new URLSearchParams(new FormData(form, event.submitter));
    const headers = { "HX-Request": "true" };
    const answer = await fetch("/bulk", { method: "POST", body: fields, headers }).catch(() => null);
    const said = one("[data-chosen]", form);
    if (answer?.ok) {
      said.textContent = `${chosen.size} changed`;
      htmx.trigger(document.body, "marked");
    } else {
      said.textContent = answer ? `${answer.status === 413 ? "Too many at once" : "Not done"}: nothing was changed.` : "The server does not answer.";
    }
  });

  // ---- the first messages of a session, fetched when its fold is opened
  document.addEventListener("toggle", async (event) => {
    const fold = event.target;
    if (fold.dataset?.peek === undefined || !fold.open) return;
    delete fold.dataset.peek;
    const session = one("a.open", fold.closest("[data-row]")).getAttribute("href");
    const answer = await fetch(`/fragments${session}/preview`).catch(() => null);
    if (!answer?.ok) {
      fold.dataset.peek = "";
      return;
    }
    const peeked = one(".peeked", fold);
    peeked.innerHTML = await answer.text();
    htmx.process(peeked);
  }, true);

  // ---- one field for a new tag, brought to the card where it is wanted
  document.addEventListener("click", (event) => {
    const plus = event.target.closest?.("[data-plus]");
    const form = one("#plus-form")?.content.firstElementChild.cloneNode(true);
    if (!plus || !form || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    form.setAttribute("hx-post", plus.pathname + "/tags");
    form.setAttribute("hx-target", "#" + plus.closest(".tags").id);
    plus.replaceWith(form);
    htmx.process(form);
    const field = one(".new-tag", form);
    field.focus();
    field.addEventListener("blur", () => field.value || form.replaceWith(plus));
  });

  // ---- calendar: arrows move by day and week, Page Up and Page Down by month
  document.addEventListener("keydown", (event) => {
    const day = event.target.closest?.("[data-day]");
    if (!day) return;
    const days = all("[data-day]");
    const at = days.indexOf(day);
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7, Home: -at, End: days.length - 1 - at }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      days[Math.min(Math.max(at + step, 0), days.length - 1)].focus();
    } else if (event.key === "PageUp" || event.key === "PageDown") {
      event.preventDefault();
      refocus = at;
      one(`[data-month="${event.key === "PageUp" ? -1 : 1}"]`).click();
    }
  });
  let refocus = -1;

  // ---- keys
  const row = () => one(".is-picked");
  const keys = {
    s: () => one("[data-key=s]")?.click(),
    g: () => one("[data-key=g]")?.click(),
    r: () => one("[data-key=r]")?.click(),
    p: () => one(".peek > summary", row() ?? document.createElement("i"))?.click(),
    o: () => keys.p(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("input, textarea, select, [contenteditable]")) return;
    if (event.key === "Enter" && bulk() && row() && !event.target.closest?.("a, button, summary")) {
      // app.js would open the session
      event.preventDefault();
      event.stopImmediatePropagation();
      one(".check", row())?.click();
      return;
    }
    if (event.key === "Escape") {
      const open = event.target.closest?.("details[open]") ?? one("#calendar[open]");
      if (open && !open.dataset.group) {
        open.open = false;
        one("summary", open)?.focus();
        event.stopImmediatePropagation();
      }
      return;
    }
    const key = keys[event.key];
    if (!key) return;
    event.preventDefault();
    key();
  }, true);

  function settle() {
    fold();
    tell();
    if (refocus >= 0) {
      const days = all("[data-day]");
      days[Math.min(refocus, days.length - 1)]?.focus();
      refocus = -1;
    }
  }
  document.addEventListener("htmx:afterSettle", settle);
  // the scripts of the frame come after this one, and before this event
  document.addEventListener("DOMContentLoaded", () => {
    guard();
    settle();
  });
})();
