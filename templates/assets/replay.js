// Plays a session: steps come in chunks, the last hundred stand on the page, the address has the state.
(() => {
  const CHUNK = 50;
  const LONGEST = 2500;
  const SHORTEST = 120;
  const UNTIMED = 800;
  const setUp = () => {
    const root = document.querySelector("[data-replay]");
    if (!root || root.dataset.ready || !root.querySelector("[data-player]")) return;
    root.dataset.ready = "1";
    const of = (name) => root.querySelector(`[data-${name}]`);
    const [list, slider, counter, now, play, speed] = ["list", "position", "counter", "now", "play", "speed"].map(of);
    let total = Number(root.dataset.total);
    let at = Number(root.dataset.at);
    let playing = false;
    let timer;
    let asked = 0;
    let written = 0;
    const chunks = new Map();

    // one request a chunk; only the newest few are kept
    const load = (offset) => {
      if (!chunks.has(offset)) {
        const steps = fetch(`${root.dataset.more}?offset=${offset}`).then(async (answer) => {
          if (!answer.ok) throw new Error(answer.status);
          const made = document.createElement("template");
          made.innerHTML = await answer.text();
          const found = [...made.content.children];
          window.htmx?.process && found.forEach((step) => window.htmx.process(step));
          return found;
        });
        steps.catch(() => chunks.delete(offset));
        chunks.set(offset, steps);
        if (chunks.size > 6) chunks.delete(chunks.keys().next().value);
      }
      return chunks.get(offset);
    };
    const start = (step) => step - (step % CHUNK);
    const address = () => `${location.pathname}?at=${at}&speed=${speed.value}`;
    const write = (rarely) => {
      const time = Date.now();
      if (rarely && time - written < 1000) return;
      written = time;
      history.replaceState(history.state, "", address());
    };
    const link = (name, step) => {
      const key = of(name);
      const inside = step >= 0 && step < total && step !== at;
      if (inside) key.href = `${location.pathname}?at=${step}&speed=${speed.value}`;
      else key.removeAttribute("href");
      key.toggleAttribute("aria-disabled", !inside);
    };
    const tell = (step) => {
      slider.value = at;
      counter.textContent = `${(at + 1).toLocaleString("en")} of ${total.toLocaleString("en")}`;
      now.textContent = step?.dataset.clock ?? "";
      slider.setAttribute("aria-valuetext", `message ${at + 1} of ${total}, ${now.textContent}`);
      link("first", 0);
      link("previous", at - 1);
      link("next", at + 1);
      link("last", total - 1);
    };
    const show = async (step, rarely) => {
      at = Math.max(0, Math.min(total - 1, step));
      slider.value = at;
      const ticket = ++asked;
      const from = start(at);
      let before, current;
      try {
        [before, current] = await Promise.all([from > 0 ? load(from - CHUNK) : [], load(from)]);
      } catch {
        if (ticket === asked) {
          pause();
          counter.textContent = "The server does not answer";
        }
        return;
      }
      // somebody went on meanwhile
      if (ticket !== asked) return;
      const shown = [...before, ...current.slice(0, at - from + 1)];
      const known = [...list.children];
      if (shown.length === known.length + 1 && known.every((one, n) => one === shown[n])) list.append(shown.at(-1));
      else list.replaceChildren(...shown);
      list.querySelector(".is-now")?.classList.remove("is-now");
      const last = shown.at(-1);
      last?.classList.add("is-now");
      last?.scrollIntoView({ block: last.offsetHeight > innerHeight / 2 ? "start" : "end" });
      tell(last);
      write(rarely);
    };
    // a session that goes on: what came behind the end is counted, and there when it is played
    const grown = of("grown");
    grown.addEventListener("htmx:configRequest", (event) => { event.detail.parameters.offset = total; });
    grown.addEventListener("htmx:afterRequest", (event) => {
      if (!event.detail.successful) return;
      const made = document.createElement("template");
      made.innerHTML = event.detail.xhr.responseText;
      const more = made.content.querySelectorAll("[data-step]").length;
      // the last step may have got its output, or neighbours
      for (const offset of [...chunks.keys()]) if (offset >= start(total - 1)) chunks.delete(offset);
      if (!more) return;
      total += more;
      slider.max = total - 1;
      tell(list.lastElementChild);
      if (more === CHUNK) htmx.trigger(grown, "sse:changed");
    });
    const pause = () => {
      playing = false;
      clearTimeout(timer);
      play.textContent = "Play";
      write();
    };
    // a real gap, but nobody waits for a night to pass
    const gap = (one, next) => {
      const [from, to] = [one, next].map((step) => Number(step?.dataset.at ?? NaN));
      const real = Number.isNaN(to - from) ? UNTIMED : to - from;
      return Math.min(LONGEST, Math.max(SHORTEST, real)) / Number(speed.value);
    };
    const stepOf = async (step) => (await load(start(step)))[step % CHUNK];
    const tick = async () => {
      if (!playing) return;
      if (at >= total - 1) return pause();
      const ticket = asked;
      let wait;
      try {
        wait = gap(await stepOf(at), await stepOf(at + 1));
      } catch {
        return pause();
      }
      if (!playing || ticket !== asked) return playing && tick();
      timer = setTimeout(async () => {
        await show(at + 1, true);
        tick();
      }, wait);
    };
    const start_ = () => {
      playing = true;
      play.textContent = "Pause";
      clearTimeout(timer);
      if (at >= total - 1) show(0).then(tick);
      else tick();
    };
    const toggle = () => (playing ? pause() : start_());
    const go = (step) => {
      const again = playing;
      clearTimeout(timer);
      show(step).then(() => again && tick());
    };

    play.addEventListener("click", toggle);
    slider.addEventListener("input", () => go(Number(slider.value)));
    speed.addEventListener("change", () => {
      tell(list.lastElementChild);
      write();
      if (playing) {
        clearTimeout(timer);
        tick();
      }
    });
    for (const [name, step] of [["first", () => 0], ["previous", () => at - 1], ["next", () => at + 1], ["last", () => total - 1]]) {
      of(name).addEventListener("click", (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        go(step());
      });
    }
    of("player").addEventListener("submit", (event) => event.preventDefault());
    document.addEventListener("keydown", (event) => {
      if (!root.isConnected || event.ctrlKey || event.metaKey || event.altKey) return;
      const inside = event.target.closest?.("input, select, textarea, [contenteditable]");
      const pressed = event.target.closest?.("button, summary, a[href]");
      const moves = { ArrowLeft: -1, ArrowRight: 1 };
      if (event.key === " " && !pressed && (!inside || inside === slider)) {
        event.preventDefault();
        toggle();
      } else if (event.key in moves && !inside) {
        event.preventDefault();
        go(at + moves[event.key]);
      }
    });
    list.lastElementChild?.scrollIntoView({ block: "nearest" });
    tell(list.lastElementChild);
  };
  document.addEventListener("DOMContentLoaded", setUp);
  document.addEventListener("htmx:load", setUp);
  if (document.readyState !== "loading") setUp();
})();
