// Suggestions under the search boxes: a combobox over a list that the server makes. Without this the
// boxes are plain forms.
(() => {
  "use strict";
  const WAIT = 120;

  class Box {
    constructor(input) {
      this.input = input;
      this.list = document.createElement("ul");
      this.list.id = input.id + "-offers";
      this.list.className = "offers";
      this.list.hidden = true;
      this.list.setAttribute("role", "listbox");
      this.list.setAttribute("aria-label", "Suggestions");
      input.form.append(this.list);
      for (const [name, value] of [
        ["role", "combobox"],
        ["aria-autocomplete", "list"],
        ["aria-haspopup", "listbox"],
        ["aria-expanded", "false"],
        ["aria-controls", this.list.id],
      ]) input.setAttribute(name, value);
      input.addEventListener("input", () => this.soon());
      input.addEventListener("click", () => { if (!input.value && this.list.hidden) this.ask(); });
      input.addEventListener("keydown", (event) => this.key(event));
      input.addEventListener("blur", () => this.close());
      // the box keeps the focus while something in the list is pressed
      this.list.addEventListener("pointerdown", (event) => event.preventDefault());
      this.list.addEventListener("click", (event) => {
        const option = event.target.closest("[role=option]");
        if (option) this.take(option);
      });
      input.form.addEventListener("submit", () => this.close());
    }
    get options() {
      return [...this.list.querySelectorAll("[role=option]")];
    }
    get active() {
      return this.list.querySelector("[aria-selected=true]");
    }
    soon() {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.ask(), WAIT);
    }
    async ask() {
      clearTimeout(this.timer);
      this.asking?.abort();
      const asking = (this.asking = new AbortController());
      const { value, selectionStart } = this.input;
      const question = new URLSearchParams({ q: value, at: selectionStart ?? value.length });
      try {
        const answer = await fetch("/fragments/search/suggest?" + question, { signal: asking.signal });
        const html = answer.ok ? await answer.text() : "";
        if (asking.signal.aborted || document.activeElement !== this.input) return;
        this.show(html);
      } catch {
        // given up for a newer one, or the server is gone: then there is nothing to offer
      }
    }
    show(html) {
      this.list.innerHTML = html;
      const options = this.options;
      options.forEach((option, n) => { option.id = `${this.list.id}-${n}`; });
      this.input.removeAttribute("aria-activedescendant");
      this.list.hidden = !options.length;
      this.input.setAttribute("aria-expanded", String(!this.list.hidden));
    }
    close() {
      clearTimeout(this.timer);
      this.asking?.abort();
      this.list.hidden = true;
      this.list.replaceChildren();
      this.input.setAttribute("aria-expanded", "false");
      this.input.removeAttribute("aria-activedescendant");
    }
    move(step) {
      const options = this.options;
      const at = options.indexOf(this.active);
      const next = at < 0 ? (step > 0 ? 0 : options.length - 1) : at + step;
      options[at]?.setAttribute("aria-selected", "false");
      const option = options[next];
      // one step beyond either end is the box itself again
      if (!option) {
        this.input.removeAttribute("aria-activedescendant");
        return;
      }
      option.setAttribute("aria-selected", "true");
      option.scrollIntoView({ block: "nearest" });
      this.input.setAttribute("aria-activedescendant", option.id);
    }
    take(option) {
      const { text, cursor, whole } = option.dataset;
      const { input } = this;
      this.close();
      input.value = text;
      input.setSelectionRange(Number(cursor), Number(cursor));
      if (whole !== undefined) {
        input.form.requestSubmit();
        return;
      }
      // search as you type and the next suggestions follow it like a key
      input.dispatchEvent(new Event("input", { bubbles: true }));
    }
    key(event) {
      if (event.isComposing || event.ctrlKey || event.metaKey) return;
      const open = !this.list.hidden;
      const { active } = this;
      switch (event.key) {
        case "ArrowDown":
        case "ArrowUp":
          event.preventDefault();
          if (open) this.move(event.key === "ArrowDown" ? 1 : -1);
          else this.ask();
          break;
        case "Enter":
        case "Tab":
          if (!open) break;
          if (active && !event.shiftKey) {
            event.preventDefault();
            this.take(active);
          } else this.close();
          break;
        case "Escape":
          if (!open) break;
          event.preventDefault();
          event.stopPropagation();
          this.close();
          break;
      }
    }
  }
  const start = () => {
    for (const input of document.querySelectorAll('form[action="/search"] input[name=q][data-find]')) new Box(input);
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();

  // Who types and opens a hit never sends the form: the search is worth remembering all the same.
  let noted = "";
  document.addEventListener("click", (event) => {
    if (!event.target.closest(".hits a")) return;
    const q = new URL(location.href).searchParams.get("q") ?? "";
    const token = document.querySelector("input[name=token]")?.value;
    if (!q || q === noted || !token) return;
    noted = q;
    navigator.sendBeacon("/search/recent", new URLSearchParams({ q, token }));
  });
})();
