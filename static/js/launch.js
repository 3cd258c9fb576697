/* Optional behaviours of the launch pages; the server ensures that a form launches once. */
"use strict";

(() => {
  const lock = (form, locked) => {
    for (const button of form.querySelectorAll("button[type=submit]")) {
      button.setAttribute("aria-disabled", String(locked));
    }
    form.toggleAttribute("data-locked", locked);
    const status = form.querySelector("[data-launch-status]");
    if (status) {
      status.textContent = locked ? status.dataset.sending : "";
    }
  };

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-launch-form]")) {
      return;
    }
    if (form.hasAttribute("data-locked")) {
      event.preventDefault();
      return;
    }
    // After the event: a disabled button would be left out of the request.
    setTimeout(() => {
      if (!event.defaultPrevented) {
        lock(form, true);
      }
    });
  });

  // The page was restored from the browser's cache: it can be sent again.
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("[data-launch-form][data-locked]").forEach((form) => lock(form, false));
  });

  const offerCopying = (root) => {
    if (!navigator.clipboard) {
      return;
    }
    root.querySelectorAll("[data-copy][hidden]").forEach((button) => {
      button.hidden = false;
      const words = button.textContent;
      button.addEventListener("click", async () => {
        await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent);
        button.textContent = button.dataset.copied;
        setTimeout(() => {
          button.textContent = words;
        }, 2000);
      });
    });
  };

  document.addEventListener("DOMContentLoaded", () => {
    offerCopying(document);
    const focused = document.querySelector("[data-focus]");
    if (focused && !document.querySelector(".error-summary")) {
      focused.focus();
    }
  });
  document.addEventListener("htmx:load", (event) => offerCopying(event.detail.elt));
})();
