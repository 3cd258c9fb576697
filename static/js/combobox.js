/*
 * [data-combobox]: a search box whose options live on the server becomes an ARIA combobox with a listbox
 * (https://www.w3.org/WAI/ARIA/apg/patterns/combobox/). Without this script the box has a Find button and radios.
 */
(() => {
  "use strict";
  const TYPING_PAUSE = 150;

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

  class Combobox {
    constructor(root) {
      this.root = root;
      this.input = root.querySelector("input[type=text]");
      this.status = root.querySelector("[data-combobox-status]");
      this.findName = this.input.name;
      this.hits = [];
      this.active = -1;
      this.build();
      this.listen();
    }

    /* The markup for scripts replaces the radios and the Find button. */
    build() {
      const { root, input } = this;
      const legend = root.closest("fieldset").querySelector("legend");
      const choices = root.querySelector("[data-combobox-choices]");
      const checked = choices.querySelector("input:checked");
      this.hidden = make("input", { type: "hidden", name: root.dataset.name, value: "" });
      this.list = make("ul", { role: "listbox", id: `${input.id}_list`, "aria-labelledby": legend.id });
      this.list.hidden = true;
      this.clearButton = make("button", { type: "button", class: "button" }, text("clear"));
      this.clearButton.setAttribute("aria-describedby", legend.id);
      root.querySelector("button[name=find]").replaceWith(this.clearButton);
      root.querySelector("[data-combobox-hits]")?.remove();
      choices.replaceWith(this.hidden, this.list);
      const attributes = {
        role: "combobox",
        "aria-autocomplete": "list",
        "aria-controls": this.list.id,
        "aria-expanded": "false",
        "aria-labelledby": `${legend.id} ${input.id}_find`,
      };
      for (const [name, value] of Object.entries(attributes)) input.setAttribute(name, value);
      if (checked?.value) {
        const words = checked.closest("label");
        this.choose({
          value: checked.value,
          label: words.querySelector("bdi").textContent,
          badge: words.querySelector(".badge")?.textContent,
        });
        this.leave();
      } else {
        this.unchoose();
      }
    }

    listen() {
      const { input, list } = this;
      input.addEventListener("input", () => {
        this.unchoose();
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.search(), TYPING_PAUSE);
      });
      input.addEventListener("keydown", (event) => this.press(event));
      input.addEventListener("click", () => this.isOpen || this.search());
      input.addEventListener("blur", () => this.leave());
      list.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
      list.addEventListener("click", (event) => {
        const option = event.target.closest("[role=option]");
        if (option) this.choose(this.hits[[...list.children].indexOf(option)]);
      });
      this.clearButton.addEventListener("click", () => this.clear());
    }

    get isOpen() {
      return !this.list.hidden;
    }

    press(event) {
      const { key } = event;
      if (event.isComposing || event.ctrlKey || event.metaKey) return;
      if (key === "ArrowDown" || key === "ArrowUp") {
        event.preventDefault();
        if (this.isOpen) this.move(key === "ArrowDown" ? 1 : -1);
        else this.search();
      } else if (key === "Enter") {
        const isUnfinished = this.input.value.trim() && !this.hidden.value;
        if (!this.isOpen && !isUnfinished) return;
        event.preventDefault(); // the form must not be sent with an unfinished search
        if (!this.isOpen) this.search();
        else if (this.active >= 0) this.choose(this.hits[this.active]);
        else if (this.hits.length === 1) this.choose(this.hits[0]);
      } else if (key === "Escape") {
        if (this.isOpen) this.close();
        else if (this.input.value) this.clear();
        else return;
        event.preventDefault();
      }
    }

    async search() {
      clearTimeout(this.timer);
      this.request?.abort();
      const request = (this.request = new AbortController());
      const query = this.hidden.value ? "" : this.input.value.trim();
      const url = new URL(this.root.dataset.url, location.href);
      url.searchParams.set("q", query);
      this.say(text("searching"));
      let answer;
      try {
        const response = await fetch(url, { headers: { Accept: "application/json" }, signal: request.signal });
        if (response.redirected) return this.fail("signed-out");
        if (!response.ok) return this.fail("unreachable");
        answer = await response.json();
      } catch {
        if (!request.signal.aborted) this.fail("unreachable");
        return undefined;
      }
      if (request.signal.aborted || document.activeElement !== this.input) return undefined;
      return this.show(answer, query);
    }

    show({ hits, is_cut: isCut }, query) {
      this.hits = hits;
      this.list.replaceChildren(
        ...hits.map((hit, index) => {
          const option = make("li", { role: "option", id: `${this.list.id}_${index}`, "aria-selected": "false" });
          option.append(make("bdi", {}, hit.label));
          if (hit.note) option.append(make("span", { class: "muted" }, hit.note));
          if (hit.badge) option.append(make("span", { class: "badge badge--warn" }, hit.badge));
          return option;
        }),
      );
      this.mark(-1);
      this.list.hidden = hits.length === 0;
      this.input.setAttribute("aria-expanded", String(this.isOpen));
      this.list.scrollIntoView({ block: "nearest" }); // at the end of a form it opens below the window
      if (!hits.length) this.say(text("none", { query }));
      else this.say(text(isCut ? "cut" : "results", { count: hits.length }));
    }

    fail(key) {
      this.close();
      this.say(text(key));
    }

    move(step) {
      const count = this.hits.length;
      this.mark(this.active < 0 && step < 0 ? count - 1 : (this.active + step + count) % count);
    }

    mark(index) {
      this.active = index;
      [...this.list.children].forEach((option, at) => option.setAttribute("aria-selected", String(at === index)));
      const option = this.list.children[index];
      if (option) {
        this.input.setAttribute("aria-activedescendant", option.id);
        option.scrollIntoView({ block: "nearest" });
      } else {
        this.input.removeAttribute("aria-activedescendant");
      }
    }

    choose({ value, label, badge = "" }) {
      this.badge = badge;
      this.hidden.value = value;
      this.input.value = label;
      this.input.removeAttribute("name"); // it holds a label now, not a search
      this.clearButton.hidden = false;
      this.close();
      this.say([text("chosen", { name: label }), badge].join(" "));
      this.hidden.dispatchEvent(new Event("change", { bubbles: true }));
    }

    unchoose() {
      const wasChosen = this.hidden.value !== "";
      this.badge = "";
      this.hidden.value = "";
      this.input.name = this.findName;
      this.clearButton.hidden = this.input.value === "";
      if (wasChosen) this.hidden.dispatchEvent(new Event("change", { bubbles: true }));
    }

    clear() {
      this.input.value = "";
      this.unchoose();
      this.close();
      this.say("");
      this.input.focus();
    }

    close() {
      clearTimeout(this.timer);
      this.request?.abort();
      this.list.hidden = true;
      this.input.setAttribute("aria-expanded", "false");
      this.mark(-1);
    }

    leave() {
      this.close();
      this.say(this.input.value.trim() && !this.hidden.value ? text("unchosen") : this.badge);
    }

    say(message) {
      this.status.textContent = message;
    }
  }

  const enhance = (within) => {
    for (const root of within.querySelectorAll("[data-combobox]:not([data-ready])")) {
      if (!root.dataset.url) continue;
      root.dataset.ready = "true";
      new Combobox(root);
    }
  };
  document.addEventListener("htmx:load", (event) => enhance(event.detail.elt));
  enhance(document);
})();
