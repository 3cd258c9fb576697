/* Behaviours of every page. They listen on the document, so that content from htmx needs no set-up. */
(() => {
  "use strict";
  const root = document.documentElement;

  const announce = (text) => {
    const live = document.getElementById("announcer");
    if (live) live.textContent = text;
  };

  /* [data-theme-toggle]: switch the colour scheme, and remember it. */
  const isDark = () =>
    root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-toggle]")) return;
    root.dataset.theme = isDark() ? "light" : "dark";
    try {
      localStorage.setItem("theme", root.dataset.theme);
    } catch {
      // Not remembered, but changed for this page.
    }
  });

  /* [data-copy="id"]: copy the text (or the value) of that element; data-copied is the label of the button afterwards. */
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    const label = button.querySelector("[data-copy-label]") ?? button;
    try {
      await navigator.clipboard.writeText(source.value ?? source.textContent);
    } catch {
      getSelection().selectAllChildren(source);
      return;
    }
    if (!button.dataset.copied || button.dataset.original) return;
    button.dataset.original = label.textContent;
    label.textContent = button.dataset.copied;
    announce(button.dataset.copied);
    setTimeout(() => {
      label.textContent = button.dataset.original;
      delete button.dataset.original;
    }, 2000);
  });

  /* [data-confirm="question"] on a form or on one of its buttons: ask before sending. */
  document.addEventListener("submit", (event) => {
    const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
  });

  /* [data-submit-once] on a form: the second click of a double click sends nothing. */
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || !form.matches("[data-submit-once]")) return;
    if (form.dataset.submitted) {
      event.preventDefault();
      return;
    }
    form.dataset.submitted = "true";
    event.submitter?.setAttribute("aria-busy", "true");
  });

  /* A page that comes back from the history was not sent. */
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of document.querySelectorAll("[data-submitted]")) delete form.dataset.submitted;
    for (const button of document.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  });

  /* What scrolls sideways can be scrolled with the keyboard. */
  const reachScrollers = () => {
    for (const box of document.querySelectorAll(".table-wrap, pre, .prose table")) {
      if (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  };
  addEventListener("resize", reachScrollers);
  document.addEventListener("htmx:load", reachScrollers);
  document.addEventListener("live:shown", reachScrollers);
  document.addEventListener("toggle", reachScrollers, true);
  reachScrollers();

  /* Report failed requests of htmx in the place of messages. */
  const explain = (kind) => {
    const place = document.getElementById("messages");
    const notice = document.getElementById(`notice-${kind}`)?.content.firstElementChild;
    if (!place || !notice) return;
    place.replaceChildren(notice.cloneNode(true));
    place.scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("htmx:sendError", () => explain("offline"));
  document.addEventListener("htmx:timeout", () => explain("offline"));
  const kinds = { 403: "forbidden", 503: "unavailable" };
  document.addEventListener("htmx:responseError", (event) => explain(kinds[event.detail.xhr.status] ?? "failed"));
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id !== "messages") document.querySelector("#messages [data-request-failed]")?.remove();
  });

  /* Focus the errors of a form, so that they are announced first. */
  const focusErrors = (within) => within.querySelector(".error-summary")?.focus();
  document.addEventListener("htmx:load", (event) => focusErrors(event.detail.elt));
  focusErrors(document);
})();
