/* Saves what is typed into a launch form as a draft on the server: a second after the last change, and on leaving.

   Typing never waits for it: saves run in the background. A save names the draft that its page shows; where another tab has
   changed that one, nothing is overwritten, and the user decides. */
"use strict";

(() => {
  const PAUSE = 1000; // milliseconds after the last change
  const MAX_WAIT = 10000; // while changes do not end, and between attempts
  const KEEPALIVE_BYTES = 60000; // of a request that outlives its page
  const OK = 200;
  const CONFLICT = 409;
  const SKIPPED = new Set(["csrfmiddlewaretoken", "repeat"]);

  const csrfCookie = new RegExp(`(?:^|; )${document.currentScript.dataset.csrfCookie}=([^;]+)`);

  class Draft {
    constructor(form, place) {
      this.form = form;
      this.words = place.dataset;
      this.place = place;
      this.status = form.querySelector("[data-draft-status]");
      this.button = form.querySelector("[data-draft-save]");
      this.sequence = 0;
      this.isUndecided = "draftUndecided" in this.words;
      this.saved = this.content();
      this.button.hidden = true;
      for (const kind of ["input", "change"]) form.addEventListener(kind, () => this.changed());
      place.querySelector("[data-draft-keep]").addEventListener("click", () => this.keep());
      document.addEventListener("visibilitychange", () => {
        if (document.visibilityState === "hidden") this.save({ isLeaving: true });
      });
      addEventListener("pagehide", () => this.save({ isLeaving: true }));
      if ("draftPosted" in this.words) {
        this.saved = ""; // what the form shows was sent, and not saved
        this.changed();
      }
    }

    get revision() {
      return this.form.elements.namedItem("draft_revision");
    }

    /* What is saved, as text: two equal forms have equal texts. */
    content() {
      const body = new URLSearchParams();
      for (const [name, value] of new FormData(this.form)) {
        if (typeof value === "string" && !SKIPPED.has(name)) body.append(name, value);
      }
      return body.toString();
    }

    changed() {
      if (this.isUndecided) {
        this.report(this.words.draftUndecided);
        this.button.hidden = false;
        return;
      }
      this.since ??= Date.now();
      this.schedule(Date.now() - this.since < MAX_WAIT ? PAUSE : 0);
    }

    schedule(wait) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.save(), wait);
    }

    async save({ isLeaving = false } = {}) {
      clearTimeout(this.timer);
      const content = this.content();
      if (this.isUndecided || this.conflict || content === this.saved) return;
      if (this.form.hasAttribute("data-locked")) return; // it is being sent, and a launch ends its draft
      if (this.isBusy && !isLeaving) return; // the save that runs starts the next one
      this.isBusy = true;
      this.since = null;
      this.sequence = Math.max(this.sequence + 1, Date.now());
      try {
        const response = await this.send(content, isLeaving);
        this.finish(response.status, await response.json(), content);
      } catch {
        this.fail(this.words.draftOffline);
      }
      this.isBusy = false;
    }

    send(content, isLeaving) {
      const body = `${content}&draft_sequence=${this.sequence}`;
      const token = document.cookie.match(csrfCookie)?.[1] ?? this.form.elements.namedItem("csrfmiddlewaretoken").value;
      return fetch(this.words.draft, {
        method: "POST",
        body,
        keepalive: isLeaving && body.length < KEEPALIVE_BYTES,
        headers: {
          Accept: "application/json",
          "Content-Type": "application/x-www-form-urlencoded",
          "X-CSRFToken": token,
        },
      });
    }

    finish(status, answer, content) {
      if (status === CONFLICT) {
        this.ask(answer);
      } else if (status !== OK) {
        this.fail(answer.error);
      } else {
        if (answer.sequence <= this.sequence) this.saved = content;
        this.sequence = Math.max(this.sequence, answer.sequence);
        this.button.hidden = true;
        this.report(answer.saved);
        if (this.content() !== this.saved) this.changed();
      }
    }

    ask(answer) {
      this.conflict = answer;
      this.place.querySelector("[data-draft-reason]").textContent = answer.error;
      this.place.querySelector("[data-draft-other]").hidden = answer.state !== "changed";
      this.place.hidden = false;
      this.report("");
    }

    /* Not saved, for a reason that may pass. */
    fail(reason) {
      this.button.hidden = false;
      this.report(reason ?? this.words.draftOffline);
      this.schedule(MAX_WAIT);
    }

    /* The user knows of the other draft, and replaces it. */
    keep() {
      this.revision.value = this.conflict.revision;
      if (this.conflict.state === "launched") SKIPPED.add("submission_id"); // the draft is of another launch
      this.conflict = null;
      this.place.hidden = true;
      this.saved = "";
      this.form.elements.namedItem("name").focus();
      this.save();
    }

    report(text) {
      if (this.status.textContent !== text) this.status.textContent = text;
    }
  }

  const place = document.querySelector("[data-draft]");
  if (place) new Draft(place.closest("form"), place);
})();
