/* Stores the input of a launch form in the browser, so that it survives a crash or a closed tab.

   The draft stays in this browser, one per person and template, for a day; it is never put into a form automatically, contains
   no file, and goes when the form was launched or another user signs in. */
"use strict";

(() => {
  // Dashboards below several paths of one host share the storage: the path keeps them apart.
  const PREFIX = `${new URL(document.currentScript.src).pathname.split("/static/")[0]}launch-draft:`;
  const DAY = 24 * 60 * 60 * 1000;
  const SKIPPED = new Set(["csrfmiddlewaretoken", "repeat"]);

  const read = (key) => {
    try {
      return JSON.parse(localStorage.getItem(key));
    } catch {
      return null;
    }
  };
  const write = (key, draft) => {
    try {
      localStorage.setItem(key, JSON.stringify(draft));
    } catch {
      // Storage is full or forbidden: then there is no draft.
    }
  };
  const forget = (unwanted) => {
    try {
      for (const key of Object.keys(localStorage)) {
        if (key.startsWith(PREFIX) && unwanted(key, read(key))) {
          localStorage.removeItem(key);
        }
      }
    } catch {
      // Forbidden storage holds no drafts.
    }
  };

  const entries = (form) =>
    [...new FormData(form).entries()].filter(([name, value]) => typeof value === "string" && !SKIPPED.has(name));

  /* The server fills the form: it has the names of users, the uploads, and changes of the template. */
  const restore = (form, draft) => {
    const sender = document.createElement("form");
    Object.assign(sender, { method: "post", action: form.action, hidden: true });
    const token = ["csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value];
    for (const [name, value] of [...draft.entries, token, ["restore", "1"]]) {
      const control = document.createElement("textarea"); // keeps line breaks
      Object.assign(control, { name, value });
      sender.append(control);
    }
    document.body.append(sender);
    sender.submit();
  };

  const watch = (form) => {
    const key = PREFIX + form.dataset.draft;
    const [person] = form.dataset.draft.split(":");
    forget((other, draft) => !other.startsWith(`${PREFIX}${person}:`) || !draft || Date.now() - draft.at > DAY);

    const draft = read(key);
    const untouched = JSON.stringify(entries(form));
    const wasPosted = form.hasAttribute("data-draft-kept"); // the server filled it with what was entered before
    const offer = form.querySelector("[data-draft-offer]");
    offer.hidden = !draft || wasPosted || JSON.stringify(draft.entries) === untouched;
    offer.querySelector("[data-draft-restore]").addEventListener("click", () => restore(form, draft));
    offer.querySelector("[data-draft-discard]").addEventListener("click", () => {
      forget((other) => other === key);
      offer.hidden = true;
      form.elements.namedItem("name").focus();
    });

    let timer = 0;
    const keep = () => {
      clearTimeout(timer);
      const now = entries(form);
      if (wasPosted || JSON.stringify(now) !== untouched) {
        write(key, { at: Date.now(), submission: form.elements.submission_id.value, entries: now });
      }
    };
    for (const type of ["input", "change"]) {
      form.addEventListener(type, () => {
        clearTimeout(timer);
        timer = setTimeout(keep, 300);
      });
    }
    window.addEventListener("pagehide", keep);
  };

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("form[data-draft]").forEach(watch);
    const launched = document.querySelector("[data-launched]");
    if (launched) {
      forget((_key, draft) => !draft || draft.submission === launched.dataset.launched);
    }
  });
})();
