// Keys, copy buttons and manners of the event stream. Pages work without any of it.
(() => {
  "use strict";

  // A hidden tab lets go of its stream: browsers allow only six connections per host.
  class Stream {
    constructor(url) {
      this.url = url;
      this.listeners = [];
      this.closed = false;
      this.visible = () => (document.hidden ? this.drop() : this.open());
      document.addEventListener("visibilitychange", this.visible);
      this.open();
    }
    get readyState() {
      return this.closed ? EventSource.CLOSED : this.source ? this.source.readyState : EventSource.CONNECTING;
    }
    open() {
      if (this.closed || this.source) return;
      this.source = new EventSource(this.url);
      this.source.onopen = (event) => this.onopen && this.onopen(event);
      // a broken line is no error to report: the server was stopped or the page is being left
      this.source.onerror = () => {
        if (!this.source || this.source.readyState !== EventSource.CLOSED) return;
        this.drop();
        setTimeout(() => document.hidden || this.open(), 3000);
      };
      // what was seen is told on return, so that nothing is missed and nothing redrawn in vain
      this.source.addEventListener("changed", (event) => {
        this.url = this.url.replace(/seen=\d+/, "seen=" + event.data);
      });
      for (const [name, listener] of this.listeners) this.source.addEventListener(name, listener);
    }
    drop() {
      if (this.source) this.source.close();
      this.source = null;
    }
    addEventListener(name, listener) {
      this.listeners.push([name, listener]);
      if (this.source) this.source.addEventListener(name, listener);
    }
    removeEventListener(name, listener) {
      this.listeners = this.listeners.filter((pair) => pair[1] !== listener);
      if (this.source) this.source.removeEventListener(name, listener);
    }
    close() {
      this.closed = true;
      this.drop();
      document.removeEventListener("visibilitychange", this.visible);
    }
  }
  if (window.htmx) htmx.createEventSource = (url) => new Stream(url);

  // Redrawing a list must not close what a reader opened, nor drop the selection.
  if (window.Idiomorph) {
    // moving nodes by it crashes the tab in Chromium when an element comes between them
    delete Element.prototype.moveBefore;
    Idiomorph.defaults.ignoreActiveValue = true;
    Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, node, kind) => {
      if (name === "open" && node.localName === "details") return false;
      if (name === "class" && node.classList.contains("is-picked")) return false;
      return true;
    };
    Idiomorph.defaults.callbacks.beforeNodeMorphed = (node) => node.id !== "show-side";
  }
  // Once more than the first page is shown, redrawing would take it away.
  document.addEventListener("htmx:afterSwap", (event) => {
    const path = event.detail.pathInfo ? event.detail.pathInfo.requestPath : "";
    if (path.includes("/more")) document.querySelectorAll("[data-fresh='']").forEach((node) => node.remove());
  });

  const rows = () => [...document.querySelectorAll("[data-row]")];
  const picked = () => document.querySelector(".is-picked");
  function pick(step) {
    const all = rows();
    if (!all.length) return;
    const at = all.indexOf(picked());
    const visible = all.findIndex((row) => row.getBoundingClientRect().bottom > 60);
    const next = at < 0 ? Math.max(visible, 0) : Math.min(Math.max(at + step, 0), all.length - 1);
    if (at >= 0) all[at].classList.remove("is-picked");
    all[next].classList.add("is-picked");
    all[next].scrollIntoView({ block: "nearest" });
  }
  const keys = {
    "/": () => document.querySelector("[data-find]")?.select(),
    j: () => pick(1),
    k: () => pick(-1),
    x: () => picked()?.querySelector(".star")?.click(),
    "?": () => { location.href = "/help"; },
    Enter: () => {
      const row = picked();
      (row?.querySelector("a.open") ?? row?.querySelector("summary, a[href]"))?.click();
    },
    Escape: () => picked()?.classList.remove("is-picked"),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const typing = event.target.closest("input, textarea, select, [contenteditable]");
    if (typing) {
      if (event.key === "Escape") typing.blur();
      return;
    }
    if (event.key === "Enter" && (event.target.closest("a, button, summary") || !picked())) return;
    const key = keys[event.key];
    if (!key) return;
    event.preventDefault();
    key();
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const text = document.querySelector(button.dataset.copy)?.textContent ?? "";
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(document.querySelector(button.dataset.copy));
      button.textContent = "Press Ctrl+C";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });

  // A menu closes as people expect: by Escape, and by a click beside it.
  const menus = () => document.querySelectorAll("details.menu[open]");
  document.addEventListener("click", (event) => menus().forEach((menu) => menu.contains(event.target) || (menu.open = false)));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menus().forEach((menu) => {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });

  // Live badges go when their minute is over; a hidden tab waits for nothing.
  let waning;
  function wane() {
    clearTimeout(waning);
    if (document.hidden) return;
    let next = Infinity;
    for (const badge of document.querySelectorAll(".live[data-until]")) {
      const left = Number(badge.dataset.until) - Date.now();
      if (left <= 0) badge.remove();
      else next = Math.min(next, left);
    }
    if (next < Infinity) waning = setTimeout(wane, next + 50);
  }
  for (const event of ["visibilitychange", "htmx:afterSettle", "DOMContentLoaded"]) document.addEventListener(event, wane);

  // A failure's note goes away by itself.
  let fading;
  document.addEventListener("htmx:responseError", () => {
    clearTimeout(fading);
    fading = setTimeout(() => document.getElementById("notice")?.replaceChildren(), 8000);
  });
})();
