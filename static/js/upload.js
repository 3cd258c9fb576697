/*
 * [data-upload]: files go to the server as soon as they are chosen, dropped or pasted, with progress and a way to
 * cancel; what remains in the form is their upload id. Without this script the files travel with the form.
 */
(() => {
  "use strict";
  const AT_ONCE = 2;
  const TOO_MANY = 429;
  const MEASURED_SECONDS = 2; // of an upload, before its end can be estimated

  const text = (key, values = {}) =>
    document
      .getElementById("kickoff-texts")
      .content.querySelector(`[data-text="${key}"]`)
      .textContent.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

  const make = (tag, attributes = {}, content = "") => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.textContent = content;
    return element;
  };

  const makeButton = (label, key, name) =>
    make("button", { type: "button", class: "button button--quiet button--small", "aria-label": text(key, { name }) }, label);

  /* The cookie is newer than the form if the user signed in again in another tab. */
  const csrfCookie = new RegExp(`(?:^|; )${document.currentScript.dataset.csrfCookie}=([^;]+)`);
  const csrfToken = (form) => document.cookie.match(csrfCookie)?.[1] ?? form.elements.namedItem("csrfmiddlewaretoken").value;

  /* As the server writes sizes. */
  const inWords = (bytes) => {
    const power = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), 2);
    const digits = power ? 1 : 0;
    const style = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    const size = new Intl.NumberFormat(document.documentElement.lang || "en", style).format(bytes / 1024 ** power);
    return text([bytes === 1 ? "byte" : "bytes", "KB", "MB"][power], { size });
  };

  /* Per cent and size, and the time that is left as soon as the speed is known. */
  const howFar = ({ loaded, total }, bytes, seconds) => {
    const values = { percent: Math.floor((100 * loaded) / total), size: inWords(bytes) };
    if (seconds < MEASURED_SECONDS || !loaded) return text("progress", values);
    const left = Math.ceil((seconds * (total - loaded)) / loaded);
    return left < 60
      ? text("seconds-left", { ...values, left })
      : text("minutes-left", { ...values, left: Math.ceil(left / 60) });
  };

  /* Pneumatic limits uploads per minute, for all fields of the page together: no upload starts before this time. */
  const pause = {
    until: 0,
    timer: 0,
    get seconds() {
      return Math.max(0, Math.ceil((this.until - Date.now()) / 1000));
    },
    begin(seconds) {
      this.until = Math.max(this.until, Date.now() + seconds * 1000);
      this.timer ||= setInterval(() => this.tick(), 1000);
      this.tick();
    },
    tick() {
      if (!this.seconds) {
        clearInterval(this.timer);
        this.timer = 0;
      }
      for (const upload of uploads.values()) {
        upload.count(this.seconds);
        if (!this.seconds) upload.next();
      }
    },
  };

  class Upload {
    constructor(root) {
      this.root = root;
      this.input = root.querySelector("input[type=file]");
      this.list = root.querySelector("[data-upload-list]");
      this.limit = Number(root.dataset.sizeLimit);
      this.waiting = [];
      this.running = new Set();
      this.status = make("p", { class: "visually-hidden", role: "status" });
      this.alert = make("p", { class: "field__error", role: "alert" });
      this.countdown = make("p", { class: "field__help", role: "timer", "data-upload-countdown": "", hidden: "" });
      root.append(this.status, this.countdown, this.alert);
      this.hold("");
      root.querySelector("[data-upload-hint]")?.remove();
      for (const item of [...this.list.children]) this.adopt(item);
      this.buildZone();
    }

    /* The browser's own control says "No file chosen" although files are attached: a button of ours replaces it. */
    buildZone() {
      const { root, input } = this;
      const choose = make("label", { class: "button", for: input.id }, text("choose"));
      input.classList.add("upload__input");
      input.after(choose, make("span", { class: "field__help" }, text("drop")));
      input.addEventListener("change", () => {
        const files = [...input.files];
        input.value = ""; // or the form would send them a second time
        this.take(files);
      });
      root.addEventListener("paste", (event) => {
        if (event.clipboardData.files.length) this.take([...event.clipboardData.files]);
      });
      root.addEventListener("dragover", () => root.toggleAttribute("data-over", this.isOpen));
      root.addEventListener("dragleave", (event) => {
        if (!root.contains(event.relatedTarget)) root.removeAttribute("data-over");
      });
      root.addEventListener("drop", (event) => {
        root.removeAttribute("data-over");
        if (!this.isOpen) return;
        // A folder looks like a file that cannot be read.
        const entries = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.());
        const folders = new Set(entries.filter((entry) => entry?.isDirectory).map((entry) => entry.name));
        const files = [...event.dataTransfer.files];
        this.take(files.filter((file) => !folders.has(file.name)));
        for (const name of folders) this.refuse(name, text("folder", { name }));
      });
    }

    get isOpen() {
      return !this.input.matches(":disabled");
    }

    get isBusy() {
      return this.waiting.length + this.running.size > 0;
    }

    get hasFailed() {
      return this.list.querySelector("[data-upload-failed]") !== null;
    }

    failed(name) {
      return [...this.list.children].find((item) => item.dataset.uploadFailed === name);
    }

    /* A file that the server listed as a ticked checkbox gets a Remove button like all others. */
    adopt(item) {
      const box = item.querySelector("input[type=checkbox]");
      const name = item.querySelector("bdi").textContent;
      const row = this.row({ id: box.value, name, size: item.querySelector(".muted").textContent });
      row.lastElementChild.before(...item.querySelectorAll("a"));
      item.replaceWith(row);
    }

    take(files) {
      this.hold("");
      for (const file of files) {
        this.failed(file.name)?.remove(); // it is chosen again
        if (file.size >= this.limit) this.refuse(file.name, text("too-large", { name: file.name }));
        else if (file.size === 0) this.refuse(file.name, text("empty", { name: file.name }));
        else this.queue(file);
      }
      this.next();
    }

    queue(file) {
      const item = make("li");
      const label = make("bdi", {}, file.name);
      const progress = make("progress", { class: "progress", max: "100", "aria-label": text("uploading", { name: file.name }) });
      const cancel = makeButton(this.word("cancel"), "cancel", file.name);
      const state = make("span", { class: "muted" }, inWords(file.size));
      progress.value = 0;
      item.append(label, progress, state, cancel);
      this.list.append(item);
      const job = { file, item, progress, state, request: null };
      cancel.addEventListener("click", () => this.cancel(job));
      this.waiting.push(job);
    }

    next() {
      this.count(pause.seconds);
      while (!pause.seconds && this.running.size < AT_ONCE && this.waiting.length) {
        const job = this.waiting.shift();
        this.running.add(job);
        this.send(job);
      }
    }

    /* The remaining wait of the waiting files. Screen readers announce it once, not every second. */
    count(seconds) {
      const words = seconds && this.waiting.length ? text("limited", { seconds }) : "";
      if (words && this.countdown.hidden) this.say(words);
      this.countdown.textContent = words;
      this.countdown.hidden = words === "";
    }

    send(job) {
      const { file, progress, state } = job;
      const begun = performance.now();
      const request = (job.request = new XMLHttpRequest());
      const body = new FormData();
      body.append("name", file.name); // exactly: a multipart body has %22 for a quotation mark of the file's name
      body.append("file", file);
      request.upload.addEventListener("progress", (event) => {
        if (!event.lengthComputable) return;
        progress.value = (100 * event.loaded) / event.total;
        state.textContent = howFar(event, file.size, (performance.now() - begun) / 1000);
      });
      // All of it is with the dashboard, which now passes it on: how long that takes is not known.
      request.upload.addEventListener("load", () => {
        progress.removeAttribute("value");
        state.textContent = text("passed-on", { size: inWords(file.size) });
      });
      request.addEventListener("load", () => this.finish(job));
      request.addEventListener("error", () => this.finish(job));
      request.open("POST", this.root.dataset.uploadUrl);
      request.setRequestHeader("Accept", "application/json");
      request.setRequestHeader("X-CSRFToken", csrfToken(this.input.form));
      request.responseType = "json";
      request.send(body);
    }

    finish(job) {
      const { file, item, request } = job;
      this.running.delete(job);
      const answer = request.response;
      const wait = Number(request.getResponseHeader("Retry-After"));
      if (request.status === TOO_MANY && wait > 0) {
        job.progress.value = 0;
        job.state.textContent = inWords(file.size);
        this.waiting.unshift(job);
        pause.begin(wait);
        return;
      }
      if (request.status >= 200 && request.status < 300 && answer?.id) {
        item.replaceWith(this.row({ id: answer.id, name: answer.name, size: inWords(answer.size), url: answer.url }));
        this.announceChange(text("uploaded", { name: answer.name }));
      } else {
        const isSignedOut = request.responseURL && new URL(request.responseURL).pathname !== this.path;
        const reason = isSignedOut ? text("signed-out") : answer?.error;
        item.remove();
        this.refuse(file.name, reason ?? text("upload-failed", { name: file.name }));
      }
      this.next();
      if (!this.isBusy) this.hold("");
    }

    get path() {
      return new URL(this.root.dataset.uploadUrl, location.href).pathname;
    }

    cancel(job) {
      job.request?.abort();
      this.running.delete(job);
      this.waiting = this.waiting.filter((other) => other !== job);
      job.item.remove();
      this.say(text("cancelled", { name: job.file.name }));
      this.input.focus();
      this.next();
      if (!this.isBusy) this.hold("");
    }

    /* A row for a file that is attached. */
    row({ id, name, size, url }) {
      const item = make("li");
      item.append(
        make("input", { type: "hidden", name: this.root.dataset.name, value: id }),
        make("bdi", {}, name),
        make("span", { class: "muted" }, size),
      );
      if (/^https?:/.test(url ?? "")) {
        const link = { href: url, target: "_blank", rel: "noopener noreferrer", "aria-label": text("open", { name }) };
        item.append(make("a", link, this.word("open")));
      }
      const remove = makeButton(this.word("remove"), "remove", name);
      remove.addEventListener("click", () => {
        item.remove();
        this.announceChange(text("removed", { name }));
        this.input.focus();
      });
      item.append(remove);
      return item;
    }

    /* A row for a file that was not attached, with the reason; it stays until it is dismissed. */
    refuse(name, reason) {
      const item = make("li", { "data-upload-failed": name });
      const dismiss = makeButton(this.word("dismiss"), "dismiss", name);
      dismiss.addEventListener("click", () => {
        item.remove();
        this.hold("");
        this.input.focus();
      });
      item.append(make("span", { class: "field__error", role: "alert" }, reason), dismiss);
      this.list.append(item);
    }

    word(key) {
      return text(`${key}-short`);
    }

    hold(message) {
      this.alert.textContent = message;
      this.alert.hidden = message === "";
    }

    /* Announce a change of the form's content; draft.js listens for the event. */
    announceChange(message) {
      this.say(message);
      this.root.dispatchEvent(new Event("change", { bubbles: true }));
    }

    say(message) {
      this.status.textContent = message;
    }
  }

  const uploads = new Map();

  const enhance = (within) => {
    for (const root of within.querySelectorAll("[data-upload][data-upload-url]")) {
      if (!uploads.has(root)) uploads.set(root, new Upload(root));
    }
  };

  /* A form waits for its files, and for the user to dismiss failed ones. */
  document.addEventListener(
    "submit",
    (event) => {
      for (const [root, upload] of uploads) {
        if (!event.target.contains(root) || !(upload.isBusy || upload.hasFailed)) continue;
        event.preventDefault();
        event.stopPropagation();
        upload.hold(text(upload.isBusy ? "still-uploading" : "not-uploaded"));
        root.querySelector("li:is([data-upload-failed], :has(progress)) button")?.focus();
        return;
      }
    },
    true,
  );
  /* A file that is dropped next to a field would replace the page, and with it the form. */
  for (const kind of ["dragover", "drop"]) {
    document.addEventListener(kind, (event) => {
      if (uploads.size && event.dataTransfer?.types.includes("Files")) event.preventDefault();
    });
  }
  document.addEventListener("htmx:load", (event) => enhance(event.detail.elt));
  enhance(document);
})();
