/*
 * Clears the errors of a form as they are corrected, in the summary too. The server checks what was typed, with the
 * same rules as when the form is sent.
 */
(() => {
  "use strict";
  const TYPING_PAUSE = 600; // milliseconds
  const PLACES = ".field--invalid, .fieldset--invalid";

  const placesOf = (control) => {
    const places = [];
    for (let place = control.closest(PLACES); place; place = place.parentElement.closest(PLACES)) places.push(place);
    return places;
  };

  class Errors {
    constructor(form) {
      this.form = form;
      this.edited = new Set();
      for (const kind of ["input", "change"]) form.addEventListener(kind, (event) => this.note(event.target));
      form.addEventListener("submit", () => this.stop());
    }

    note(control) {
      const places = placesOf(control);
      if (!places.length) return;
      places.forEach((place) => this.edited.add(place));
      this.stop();
      this.timer = setTimeout(() => this.check(), TYPING_PAUSE);
    }

    stop() {
      clearTimeout(this.timer);
      this.request?.abort();
    }

    /* A check that fails changes nothing: sending the form reports everything again. */
    async check() {
      const request = (this.request = new AbortController());
      const body = new FormData(this.form);
      for (const [name, value] of [...body]) if (value instanceof File) body.delete(name);
      body.set("check", "1");
      try {
        const answer = await fetch(this.form.action, { method: "POST", body, signal: request.signal });
        if (answer.status !== 200 || answer.redirected) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        if (request.signal.aborted || !page.querySelector("[data-launch-form]")) return;
        for (const place of this.edited) this.update(place, page);
      } catch {
        // No response, or a newer check.
      }
    }

    update(place, page) {
      const error = place.querySelector(".field__error[id]");
      const checked = error && page.getElementById(error.id);
      if (checked) {
        if (error.textContent !== checked.textContent) error.replaceWith(document.adoptNode(checked));
        return;
      }
      place.classList.remove("field--invalid", "fieldset--invalid");
      this.edited.delete(place);
      if (!error) return;
      for (const control of place.querySelectorAll("[aria-describedby], [aria-invalid]")) {
        const ids = (control.getAttribute("aria-describedby") ?? "").split(" ").filter((id) => id && id !== error.id);
        if (ids.length) control.setAttribute("aria-describedby", ids.join(" "));
        else control.removeAttribute("aria-describedby");
        if (!control.closest(PLACES)) control.removeAttribute("aria-invalid");
      }
      this.shorten(`#${error.id.replace(/_error$/, "")}`, page);
      error.remove();
    }

    shorten(target, page) {
      const summary = document.querySelector(".error-summary");
      for (const link of summary?.querySelectorAll("a") ?? []) {
        if (link.getAttribute("href") === target) link.closest("li").remove();
      }
      if (summary && !summary.querySelector("li")) {
        summary.remove();
        document.title = page.title;
      }
    }
  }

  document.querySelectorAll("[data-launch-form]").forEach((form) => form.querySelector(PLACES) && new Errors(form));
})();
