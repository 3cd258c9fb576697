/*
 * [data-count]: counts characters against the limit while the user types. Text is never cut off; the counter says when
 * it is too long. Characters are counted like on the server: an emoji is one, blanks at the ends do not count, and with
 * data-pattern neither does {{...}}, which the server replaces.
 */
(() => {
  "use strict";
  const PAUSE = 800; // so that screen readers do not announce every letter

  const text = (key, values) =>
    document
      .getElementById("kickoff-texts")
      .content.querySelector(`[data-text="${key}"]`)
      .textContent.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

  const watch = (counter) => {
    const input = document.getElementById(counter.dataset.count);
    const limit = Number(counter.dataset.limit);
    const announcer = document.createElement("span");
    announcer.className = "visually-hidden";
    announcer.setAttribute("role", "status");
    counter.after(announcer);
    let timer = 0;
    let wasOver = false;

    const update = () => {
      const typed = input.matches("textarea") ? input.value : input.value.trim();
      const value = "pattern" in counter.dataset ? typed.replace(/\{\{\s*[^{}\s]+\s*\}\}/g, "") : typed;
      const count = [...value].length;
      const isOver = count > limit;
      const words = text(isOver ? "too-long" : "counted", { count, limit, over: count - limit });
      counter.textContent = words;
      counter.toggleAttribute("data-over", isOver);
      clearTimeout(timer);
      if (isOver || wasOver) {
        timer = setTimeout(() => {
          announcer.textContent = words;
        }, PAUSE);
      }
      wasOver = isOver;
    };
    input.addEventListener("input", update);
    const begin = () => input.value && update();
    window.addEventListener("pageshow", begin); // the browser may have filled the box by then
    begin();
  };

  const enhance = (within) => {
    for (const counter of within.querySelectorAll("[data-count]:not([data-ready])")) {
      counter.dataset.ready = "true";
      watch(counter);
    }
  };
  document.addEventListener("htmx:load", (event) => enhance(event.detail.elt));
  enhance(document);
})();
