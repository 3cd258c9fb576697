/* Pages that refresh while they are open; apps/core/live.py is the other half.

   [data-live] is the part that changes, data-live-version the version of its content. Inside it, [data-key] identifies
   an element across refreshes, [data-news] is its status as a sentence, and [data-watched] marks elements whose news
   are announced. [data-live-status] shows how current the page is, with a button that pauses updates.

   While the pointer or the focus is in a list, its rows keep their places: changes of the order wait, and a button shows
   them at once. */
(() => {
  "use strict";
  const SECOND = 1000;
  const EVERY = 4 * SECOND;
  // After this long without input: poll less often.
  const IDLE = [
    [30 * 60 * SECOND, 60 * SECOND],
    [5 * 60 * SECOND, 15 * SECOND],
  ];
  const MAX_WAIT = 60 * SECOND;
  const GIVE_UP = 20 * SECOND;
  const AFTER_TYPING = 1.5 * SECOND;
  const AFTER_POINTING = 0.7 * SECOND;
  const ANNOUNCE_EVERY = 8 * SECOND;
  const MAX_SENTENCES = 3;

  const status = document.querySelector("[data-live-status]");
  const place = () => document.querySelector("[data-live]");
  if (!status || !place()) return;
  const words = status.querySelector("[data-live-words]");
  const button = status.querySelector("[data-live-pause]");
  const showButton = status.querySelector("[data-live-show]");

  let timer = 0;
  let updated = Date.now();
  let touched = Date.now();
  let typed = 0;
  let pointed = 0;
  let pressed = false;
  let asking = false;
  let htmxAsks = 0;
  let failures = 0;
  let nextTry = 0;
  let isPaused = false;
  let isGone = false;
  let waiting = null; // the part that is shown when the user has left the list

  /* The status line */

  const setText = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };

  const isSelecting = () => {
    const selection = getSelection();
    const part = place();
    return Boolean(selection && !selection.isCollapsed && part && selection.anchorNode && part.contains(selection.anchorNode));
  };

  const showStatus = () => {
    const seconds = Math.round((Date.now() - updated) / SECOND);
    const texts = status.dataset;
    let state = "live";
    let text = texts.now;
    if (isGone) [state, text] = ["gone", texts.gone];
    else if (failures) {
      const wait = Math.max(1, Math.ceil((nextTry - Date.now()) / SECOND));
      [state, text] = ["offline", texts.offline.replace("{n}", wait)];
    } else if (isPaused) [state, text] = ["paused", texts.paused];
    else if (seconds >= 90) text = texts.minutes.replace("{n}", Math.round(seconds / 60));
    else if (seconds >= 5) text = texts.seconds.replace("{n}", seconds);
    if (state === "live" && isSelecting()) [state, text] = ["paused", texts.selecting];
    status.dataset.liveState = state;
    setText(words, text);
  };

  /* Announcements for screen readers: few, and not often */

  let announcedAt = 0;
  let announceTimer = 0;
  const unsaid = new Map();

  const speak = (text) => {
    const announcer = document.getElementById("announcer");
    if (announcer) announcer.textContent = text;
    announcedAt = Date.now();
  };

  const sayNews = () => {
    announceTimer = 0;
    const sentences = [...unsaid.values()];
    unsaid.clear();
    const rest = sentences.splice(MAX_SENTENCES).length;
    if (rest) sentences.push(status.dataset.moreAloud.replace("{n}", rest));
    if (sentences.length) speak(sentences.join(" · "));
  };

  const announce = (key, sentence) => {
    unsaid.set(key, sentence);
    announceTimer ||= setTimeout(sayNews, Math.max(0, announcedAt + ANNOUNCE_EVERY - Date.now()));
  };

  /* Update old nodes to the new ones; unchanged nodes are not touched, so that focus and scroll position stay */

  const keyOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? (node.dataset.key ?? node.id) : "");
  // Attributes that scripts and users set: whether it is open, and whether it can be scrolled with the keyboard.
  const KEPT = new Set(["open", "tabindex"]);

  const move = (parent, node, before) => {
    if (parent.moveBefore) parent.moveBefore(node, before);
    else parent.insertBefore(node, before);
  };

  const become = (old, next) => {
    if (old.isEqualNode(next)) return;
    if (old.nodeType !== Node.ELEMENT_NODE) {
      old.nodeValue = next.nodeValue;
      return;
    }
    for (const { name } of [...old.attributes]) {
      if (!next.hasAttribute(name) && !KEPT.has(name)) old.removeAttribute(name);
    }
    for (const { name, value } of next.attributes) {
      if (old.getAttribute(name) !== value && !KEPT.has(name)) old.setAttribute(name, value);
    }
    becomeChildren(old, next);
  };

  const becomeChildren = (old, next) => {
    const known = new Map();
    for (const child of old.children) if (keyOf(child)) known.set(keyOf(child), child);
    let spot = old.firstChild;
    for (const child of [...next.childNodes]) {
      const key = keyOf(child);
      let match = key ? known.get(key) : spot;
      if (match && (match.nodeName !== child.nodeName || keyOf(match) !== key)) match = null;
      if (!match) {
        old.insertBefore(child, spot);
        continue;
      }
      if (match === spot) spot = spot.nextSibling;
      else move(old, match, spot);
      become(match, child);
    }
    while (spot) {
      const after = spot.nextSibling;
      spot.remove();
      spot = after;
    }
  };

  const newsIn = (part) => new Map([...part.querySelectorAll("[data-news]")].map((row) => [row.dataset.key, row.dataset.news]));

  // A row where there is one: the table around the rows keeps its place while they move.
  const firstInSight = (part) => {
    const keyed = [...rowsIn(part), ...part.querySelectorAll("[data-key]")];
    return keyed.find((element) => element.getBoundingClientRect().bottom > 0);
  };

  const show = (part, next) => {
    const before = newsIn(part);
    const focused = part.contains(document.activeElement) ? document.activeElement : null;
    const anchor = focused?.closest("[data-key]") ?? (scrollY > 0 ? firstInSight(part) : null);
    const top = anchor?.getBoundingClientRect().top;
    becomeChildren(part, next);
    part.dataset.liveVersion = next.dataset.liveVersion;
    if (focused && document.activeElement !== focused) (focused.isConnected ? focused : part).focus({ preventScroll: true });
    if (anchor?.isConnected) scrollBy(0, anchor.getBoundingClientRect().top - top);
    for (const row of part.querySelectorAll("[data-news]")) {
      const { key, news } = row.dataset;
      if (before.get(key) === news) continue;
      row.dataset.liveFresh = "";
      const isWatched = "watched" in row.dataset || (focused && row.contains(focused));
      if (isWatched) announce(key, news);
    }
    document.dispatchEvent(new Event("live:shown"));
  };

  /* Lists hold still under the pointer and the focus */

  const rowsIn = (part) => [...part.querySelectorAll("[data-news]:not([hidden])")];
  const orderOf = (part) => rowsIn(part).map((row) => row.dataset.key).join(" ");

  const isReading = (part) => {
    const lists = new Set(rowsIn(part).map((row) => row.parentElement));
    return (
      showButton.matches(":hover, :focus") ||
      [...lists].some((list) => list.matches(":hover, :focus-within") || list.querySelector("details[open]"))
    );
  };

  const setWaiting = (part, next) => {
    const before = next ? newsIn(part) : null;
    const fresh = next ? rowsIn(next).filter(({ dataset }) => before.get(dataset.key) !== dataset.news).length : 0;
    const texts = status.dataset;
    const text = fresh ? texts.fresh.replace("{n}", fresh) : texts.reordered;
    if (next && (showButton.hidden || showButton.textContent !== text)) announce("waiting", text);
    if (next) setText(showButton, text);
    else unsaid.delete("waiting");
    showButton.hidden = !next;
    waiting = next;
  };

  const showOrWait = (part, next) => {
    if (orderOf(part) !== orderOf(next) && isReading(part)) {
      setWaiting(part, next);
      return;
    }
    setWaiting(part, null);
    show(part, next);
    updated = Date.now();
  };

  /* Polling */

  const isTyping = () => Date.now() - typed < AFTER_TYPING || htmxAsks > 0;
  const mustWait = () => isTyping() || pressed || Date.now() - pointed < AFTER_POINTING || isSelecting();

  const pace = () => {
    if (failures) return Math.min(EVERY * 2 ** failures, MAX_WAIT);
    const idle = Date.now() - touched;
    return (IDLE.find(([after]) => idle > after) ?? [0, EVERY])[1];
  };

  const schedule = (wait = pace()) => {
    clearTimeout(timer);
    nextTry = Date.now() + wait;
    timer = setTimeout(ask, wait);
  };

  const succeeded = () => {
    if (failures) speak(status.dataset.onlineAloud);
    failures = 0;
    if (!waiting) updated = Date.now(); // what is shown is older while something waits
  };

  const take = (part, html) => {
    const page = document.createElement("template");
    page.innerHTML = html;
    const next = page.content.querySelector("[data-live]");
    if (!next || !part.isConnected || mustWait()) return; // polled again soon, with the same version
    showOrWait(part, next);
  };

  const ask = async () => {
    const part = place();
    if (isGone || isPaused || document.hidden || !part) return;
    if (asking || mustWait()) {
      schedule(SECOND);
      return;
    }
    asking = true;
    const address = location.href.split("#")[0];
    try {
      const response = await fetch(address, {
        headers: { "Live-Version": (waiting ?? part).dataset.liveVersion },
        cache: "no-store",
        redirect: "manual",
        signal: AbortSignal.timeout(GIVE_UP),
      });
      if (response.type === "opaqueredirect" || response.status === 401 || response.status === 403) {
        isGone = true;
      } else if (response.status === 204) {
        succeeded();
        if (waiting && part.isConnected && !mustWait()) showOrWait(part, waiting);
      } else if (response.ok) {
        const html = await response.text();
        succeeded();
        if ("liveReload" in part.dataset) location.reload();
        else if (address === location.href.split("#")[0] && !isPaused) take(part, html);
      } else {
        throw new Error(response.status);
      }
    } catch {
      failures += 1;
      if (failures === 1) speak(status.dataset.offlineAloud);
    } finally {
      asking = false;
    }
    schedule();
    showStatus();
  };

  const catchUp = () => {
    touched = Date.now();
    if (!isPaused && !isGone && !document.hidden) schedule(0);
    showStatus();
  };

  /* Events of the page */

  button?.addEventListener("click", () => {
    isPaused = !isPaused;
    setText(button, isPaused ? status.dataset.resume : status.dataset.pause);
    speak(isPaused ? status.dataset.pausedAloud : status.dataset.resumedAloud);
    clearTimeout(timer);
    catchUp();
  });
  showButton.addEventListener("click", () => {
    const part = place();
    const next = waiting;
    setWaiting(part, null);
    if (!part || !next) return;
    show(part, next);
    updated = Date.now();
    part.focus({ preventScroll: true });
    showStatus();
  });
  document.addEventListener("visibilitychange", catchUp);
  addEventListener("pageshow", (event) => event.persisted && catchUp());
  addEventListener("online", catchUp);
  document.addEventListener("input", (event) => {
    if (event.target.closest("form")) typed = Date.now();
  });
  document.addEventListener("pointerdown", (event) => {
    pressed = Boolean(place()?.contains(event.target));
  });
  for (const name of ["pointerup", "pointercancel", "dragend"]) addEventListener(name, () => (pressed = false));
  document.addEventListener("pointermove", (event) => {
    if (place()?.contains(event.target)) pointed = Date.now();
  });
  for (const name of ["pointermove", "keydown", "scroll", "pointerdown"]) {
    addEventListener(
      name,
      () => {
        const slept = Date.now() - touched > IDLE.at(-1)[0];
        touched = Date.now();
        if (slept) catchUp();
      },
      { passive: true },
    );
  }
  document.addEventListener("htmx:beforeRequest", () => (htmxAsks += 1));
  document.addEventListener("htmx:afterRequest", () => (htmxAsks = Math.max(0, htmxAsks - 1)));
  document.addEventListener("htmx:afterSwap", () => {
    setWaiting(place(), null);
    updated = Date.now();
  });

  setInterval(() => document.hidden || showStatus(), SECOND);
  showStatus();
  schedule();
})();
