/*
 * [data-count]: the number of characters and their limit, during typing. Longer texts are reported, not cut off.
 * Characters are counted like on the server: an emoji as one, blanks at the ends not at all, and with data-pattern
 * nothing inside of {{...}}, because Pneumatic replaces that.
 */
(() => {
  "use strict";
  const PAUSE = 800; // milliseconds, so that a screen reader does not announce every letter

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
    window.addEventListener("pageshow", begin); // the browser may have restored the text by then
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
