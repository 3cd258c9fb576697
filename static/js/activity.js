/* Tells the server that the user types: a session ends after a time without activity, and typing sends no request. */
(() => {
  "use strict";
  const EVERY = 60 * 1000;
  const { url } = document.currentScript.dataset;
  let reported = Date.now(); // loading the page was activity

  document.addEventListener("input", () => {
    if (Date.now() - reported < EVERY) return;
    reported = Date.now();
    fetch(url, { cache: "no-store", redirect: "manual" }).catch(() => {}); // sent again with what is typed next
  });
})();
