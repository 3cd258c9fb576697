/* Runs before the first paint: says that there is JavaScript, and applies the colours chosen earlier.
   The key and the attribute are those of Django admin's own switch, so that one choice holds for both. */
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");

  let chosen = null;
  try {
    chosen = localStorage.getItem("theme");
  } catch {
    // Storage may be forbidden; then the system's preference holds.
  }
  if (chosen === "light" || chosen === "dark") {
    root.dataset.theme = chosen;
  }
})();
