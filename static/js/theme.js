/* Runs before the first paint: marks that JavaScript is available, and applies the stored colour scheme.
   The key and the attribute are those of Django admin's own switch, so that one choice holds for both. */
(() => {
  "use strict";
  const root = document.documentElement;
  root.classList.add("js");

  let chosen = null;
  try {
    chosen = localStorage.getItem("theme");
  } catch {
    // Storage may be forbidden; then the system's preference is used.
  }
  if (chosen === "light" || chosen === "dark") {
    root.dataset.theme = chosen;
  }
})();
