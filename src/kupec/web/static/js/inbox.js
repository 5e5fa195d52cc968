// The inbox: rows open beside the list, the composer keeps what is typed, others are seen, and the bell rings.

import { hearAgain } from "./desk-live.js";
import { toast } from "./toast.js";

const RING_EVERY = 60000;
const SEEN_EVERY = 12000;
const frame = document.getElementById("inbox");
let asked = 0;
let atBottom = true;
let typedAt = 0;

// --- opening beside the list ---

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) {
    return;
  }
  const link = event.target.closest("#inbox a[data-open]");
  if (link && !matchMedia("(max-width: 47.99rem)").matches) {
    event.preventDefault();
    show(link.href, true);
  }
});
addEventListener("popstate", () => show(location.href, false));

async function show(address, remember) {
  const mine = ++asked;
  const since = performance.now();
  frame.setAttribute("aria-busy", "true");
  let page;
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" }, cache: "no-store" });
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    location.href = address;
    return;
  }
  if (mine !== asked) {
    return;
  }
  const fresh = page.getElementById("inbox");
  if (!fresh) {
    location.href = address;
    return;
  }
  keepDraft();
  frame.className = fresh.className;
  for (const id of ["talk", "side"]) {
    const ours = document.getElementById(id);
    const theirs = page.getElementById(id);
    if (ours && theirs) {
      ours.replaceWith(document.adoptNode(theirs));
    } else if (theirs) {
      frame.append(document.adoptNode(theirs));
    } else {
      ours?.remove();
    }
  }
  frame.removeAttribute("aria-busy");
  document.getElementById("flash")?.remove();
  document.title = page.title;
  title = page.title;
  if (remember) {
    history.pushState({}, "", address);
  }
  point();
  begin();
  hearAgain(since);
}

function point() {
  for (const link of document.querySelectorAll("#list a[data-row]")) {
    if (new URL(link.href).pathname === location.pathname) {
      link.setAttribute("aria-current", "true");
      link.closest("li").scrollIntoView({ block: "nearest" });
    } else {
      link.removeAttribute("aria-current");
    }
  }
}

// --- messages: the latest stays in sight, older ones are put above ---

const scroller = () => document.getElementById("messages-scroll");

function toBottom() {
  const place = scroller();
  if (!place) {
    return;
  }
  if (place.scrollHeight > place.clientHeight) {
    place.scrollTop = place.scrollHeight;
  }
  if (matchMedia("(max-width: 47.99rem)").matches) {
    window.scrollTo(0, document.documentElement.scrollHeight);
  }
}

document.addEventListener(
  "scroll",
  (event) => {
    const place = scroller();
    if (event.target === place) {
      atBottom = place.scrollHeight - place.scrollTop - place.clientHeight < 80;
    }
  },
  true,
);

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-older]");
  if (!link || event.metaKey || event.ctrlKey) {
    return;
  }
  event.preventDefault();
  const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const older = page.getElementById("messages");
  const list = document.getElementById("messages");
  if (!older || !list) {
    return;
  }
  const place = scroller();
  const before = place.scrollHeight - place.scrollTop;
  document.getElementById("load-older")?.remove();
  // What was loaded by hand is not live: a part that is fetched anew would lose it.
  list.removeAttribute("data-live");
  list.prepend(...[...older.children].filter((one) => !one.id || !document.getElementById(one.id)));
  place.scrollTop = place.scrollHeight - before;
});

// --- the composer ---

const composer = () => document.getElementById("composer");
const text = () => document.getElementById("text");
const draftKey = (form) => `kupec-draft:${form.dataset.talk}`;

function keepDraft() {
  const form = composer();
  if (form && !form.dataset.sent) {
    const words = text().value;
    words.trim() ? storeDraft(draftKey(form), words) : localStorage.removeItem(draftKey(form));
  }
}

function storeDraft(key, words) {
  try {
    localStorage.setItem(key, words);
  } catch {
    // A full or forbidden store: the text stands in the field anyway.
  }
}

function begin() {
  const form = composer();
  // An answer that came back stands at the address of its form: what is fetched anew is the conversation itself.
  if (form && location.pathname.startsWith(`/desk/inbox/${form.dataset.talk}/`)) {
    history.replaceState({}, "", `/desk/inbox/${form.dataset.talk}${location.search}`);
  }
  atBottom = true;
  toBottom();
  if (form) {
    const kept = localStorage.getItem(draftKey(form));
    if (kept && !text().value) {
      text().value = kept;
    }
    if (document.getElementById("overtaken")) {
      text().focus();
    }
  }
  typedAt = 0;
  tellPresence();
}

document.addEventListener("input", (event) => {
  if (event.target === text()) {
    typedAt = Date.now();
    keepDraft();
    offer();
    if (typedAt - toldAt > 3000) {
      tellPresence();
    }
  }
});

document.addEventListener("change", (event) => {
  if (event.target.id === "files") {
    const names = [...event.target.files].map((file) => file.name).join(", ");
    const place = event.target.closest("label").querySelector("[data-files]");
    place.textContent = names || place.dataset.files;
  }
});

document.addEventListener("submit", (event) => {
  if (event.target === composer()) {
    localStorage.removeItem(draftKey(event.target));
  }
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-insert]");
  if (button && text()) {
    insert(document.getElementById(button.dataset.insert)?.textContent.trim() ?? "");
  }
});

function insert(words) {
  const field = text();
  const start = field.selectionStart;
  field.setRangeText(words, start, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
  const form = composer();
  const answer = form.querySelector("[name=mode][value=answer]");
  if (answer) {
    answer.checked = true;
  }
}

// --- ready-made replies, by a slash at the beginning of a word ---

let chosen = 0;

function slashed() {
  const field = text();
  return /(?:^|\s)\/([^\s/]*)$/u.exec(field.value.slice(0, field.selectionStart));
}

function offer() {
  const list = document.getElementById("canned-list");
  if (!list) {
    return;
  }
  const found = slashed();
  const wanted = found?.[1].toLocaleLowerCase() ?? "";
  let shown = 0;
  for (const item of list.children) {
    const fits = found && item.textContent.toLocaleLowerCase().includes(wanted);
    item.hidden = !fits || shown >= 8;
    shown += fits ? 1 : 0;
  }
  list.hidden = !shown;
  choose(0);
}

function offered() {
  const list = document.getElementById("canned-list");
  return list && !list.hidden ? [...list.children].filter((item) => !item.hidden) : [];
}

function choose(at) {
  const items = offered();
  chosen = items.length ? (at + items.length) % items.length : 0;
  items.forEach((item, place) => item.setAttribute("aria-selected", String(place === chosen)));
  items[chosen]?.scrollIntoView({ block: "nearest" });
  const field = text();
  items.length ? field.setAttribute("aria-activedescendant", items[chosen].id) : field?.removeAttribute("aria-activedescendant");
}

function take(item) {
  const field = text();
  const found = slashed();
  const start = field.selectionStart - (found ? found[1].length + 1 : 0);
  field.setRangeText(item.dataset.text, start, field.selectionStart, "end");
  document.getElementById("canned-list").hidden = true;
  const used = document.createElement("input");
  Object.assign(used, { type: "hidden", name: "used", value: item.dataset.code });
  composer().append(used);
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
}

document.addEventListener("mousedown", (event) => {
  const item = event.target.closest("#canned-list li");
  if (item) {
    event.preventDefault();
    take(item);
  }
});

// --- keys ---

document.addEventListener(
  "keydown",
  (event) => {
    if (event.isComposing) {
      return;
    }
    if (event.target === text()) {
      inField(event);
      return;
    }
    const busy = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (busy || event.metaKey || event.ctrlKey || event.altKey || document.querySelector("dialog[open]")) {
      return;
    }
    const act = {
      r: () => write("answer"),
      n: () => write("note"),
      t: () => press("t"),
      e: () => press("e"),
      "?": () => document.getElementById("inbox-keys")?.showModal(),
    }[event.key];
    if (act) {
      event.preventDefault();
      event.stopPropagation();
      act();
    }
  },
  true,
);

function inField(event) {
  const items = offered();
  if (items.length && ["ArrowDown", "ArrowUp", "Enter", "Tab", "Escape"].includes(event.key) && !event.ctrlKey) {
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") {
      document.getElementById("canned-list").hidden = true;
    } else if (event.key.startsWith("Arrow")) {
      choose(chosen + (event.key === "ArrowDown" ? 1 : -1));
    } else {
      take(items[chosen]);
    }
  } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    composer().requestSubmit(composer().querySelector("button[value=send]"));
  }
}

function write(mode) {
  const choice = composer()?.querySelector(`[name=mode][value=${mode}]`);
  if (choice) {
    choice.checked = true;
    text().focus();
  }
}

function press(key) {
  document.querySelector(`#talk-head [data-key=${key}]`)?.click();
}

// --- who else is here ---

let toldAt = 0;

async function tellPresence() {
  const form = composer();
  if (!form || document.hidden) {
    return;
  }
  toldAt = Date.now();
  const typing = typedAt && Date.now() - typedAt < 6000 && text().value.trim() ? "1" : "";
  const body = new URLSearchParams({ form_token: form.elements.form_token.value, typing });
  try {
    const answer = await fetch(`/desk/inbox/${form.dataset.talk}/here`, { method: "POST", body });
    const place = document.getElementById("presence");
    if (answer.ok && place && composer() === form) {
      const said = await answer.text();
      if (place.textContent !== said) {
        place.textContent = said;
      }
    }
  } catch {
    // Offline for a moment: asked again soon.
  }
}
setInterval(tellPresence, SEEN_EVERY);

// --- the bell: when somebody waits past what was promised ---

const RINGS = "kupec-ring";
const rings = () => localStorage.getItem(RINGS) !== "off";
let title = document.title;
const RANG = "kupec-rang";
let sound = null;

function late() {
  return Number(document.getElementById("inbox-views")?.dataset.late ?? 0);
}

function ring() {
  const context = (sound ??= new AudioContext());
  for (const [at, pitch] of [
    [0, 660],
    [0.18, 880],
  ]) {
    const tone = context.createOscillator();
    const level = context.createGain();
    tone.frequency.value = pitch;
    level.gain.setValueAtTime(0.12, context.currentTime + at);
    level.gain.exponentialRampToValueAtTime(0.001, context.currentTime + at + 0.5);
    tone.connect(level).connect(context.destination);
    tone.start(context.currentTime + at);
    tone.stop(context.currentTime + at + 0.5);
  }
}

let before = late();

function watchLate() {
  const count = late();
  document.title = count ? `(${count}) ${title}` : title;
  navigator.setAppBadge?.(count).catch(() => {});
  if (count > before) {
    toast(frame.dataset.ring);
  }
  const rang = Number(sessionStorage.getItem(RANG) ?? 0);
  if (count && rings() && (count > before || Date.now() - rang > RING_EVERY)) {
    sessionStorage.setItem(RANG, String(Date.now()));
    // Browsers keep pages silent that nobody has touched.
    if (navigator.userActivation?.hasBeenActive ?? true) {
      ring();
    }
  }
  before = count;
}
setInterval(watchLate, 5000);

const bell = document.getElementById("ring-switch");
function showBell() {
  bell.setAttribute("aria-pressed", String(rings()));
  bell.title = rings() ? bell.dataset.on : bell.dataset.off;
}
bell?.addEventListener("click", () => {
  localStorage.setItem(RINGS, rings() ? "off" : "on");
  showBell();
  toast(bell.title);
});
if (bell) {
  showBell();
}

// --- what is fetched anew keeps its place ---

new MutationObserver((changes) => {
  for (const change of changes) {
    for (const node of change.addedNodes) {
      if (node.id === "messages" && atBottom) {
        toBottom();
      }
      if (node.id === "messages" || node.id === "talk-head") {
        point();
      }
      if (node.id === "inbox-views") {
        watchLate();
      }
    }
  }
}).observe(frame, { childList: true, subtree: true });

begin();
watchLate();
