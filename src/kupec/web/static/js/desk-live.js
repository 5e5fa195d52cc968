// Live parts: an element with an id and data-live="order payment order:0193… of:0193…" is fetched anew when an event of
// such a name or subject, or of such a customer, happens. One stream serves all tabs: who holds the lock listens and tells the others.

import { follow } from "./live.js";

const PAUSE = 400;
const STAYS_NEW = 20000;
const MOST_HEARD = 500;

const channel = "BroadcastChannel" in window ? new BroadcastChannel("desk-live") : null;
let waiting = new Set();
let timer = 0;
let busy = false;
let heard = [];

export function listen() {
  if (!document.querySelector("[data-live]")) {
    return;
  }
  channel?.addEventListener("message", (message) => hear(message.data));
  const open = () => follow(`/desk/live?from=${document.body.dataset.liveFrom}`, tell);
  if (!navigator.locks || !channel) {
    open();
    return;
  }
  navigator.locks.request("desk-live", () => {
    open();
    return new Promise(() => {});
  });
  document.addEventListener("visibilitychange", () => schedule());
}

function tell(hint) {
  channel?.postMessage(hint);
  hear(hint);
}

function hear(hint) {
  heard = [...heard.slice(1 - MOST_HEARD), { hint, at: performance.now() }];
  note(hint);
}

// A part that was fetched from the moment `since` on may be older than what was heard meanwhile.
export function hearAgain(since) {
  for (const { hint, at } of heard) {
    if (at >= since) {
      note(hint);
    }
  }
}

function note(hint) {
  const all = hint.type === "reconnected" || hint.name === "reload";
  for (const part of document.querySelectorAll("[data-live][id]")) {
    if (all || part.dataset.live.split(" ").some((wanted) => concerns(wanted, hint))) {
      waiting.add(part.id);
    }
  }
  schedule();
}

function concerns(wanted, hint) {
  if (wanted.startsWith("of:")) {
    return wanted.slice(3) === hint.customer;
  }
  return wanted.includes(":") ? wanted === hint.subject : wanted === hint.name.split(".")[0];
}

// Not more than one fetch at a time, none while nobody looks.
function schedule() {
  if (waiting.size && !timer && !busy && !document.hidden) {
    timer = setTimeout(refresh, PAUSE);
  }
}

async function refresh() {
  timer = 0;
  busy = true;
  const ids = waiting;
  const address = location.href;
  waiting = new Set();
  try {
    const answer = await fetch(address, { headers: { Accept: "text/html" }, cache: "no-store" });
    if (answer.redirected && new URL(answer.url).pathname === "/desk/sign-in") {
      location.reload();
      return;
    }
    const fresh = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html");
    if (location.href !== address) {
      // Another record was opened meanwhile: these parts are now its parts.
      waiting = new Set([...waiting, ...ids]);
    } else if (fresh) {
      replace(fresh, ids);
    }
  } catch {
    // Offline for a moment: the stream reconnects and asks for everything again.
  } finally {
    busy = false;
    schedule();
  }
}

export function replace(page, ids) {
  for (const id of ids) {
    const ours = document.getElementById(id);
    const fresh = page.getElementById(id);
    if (!ours || !fresh || ours.innerHTML === fresh.innerHTML) {
      continue;
    }
    if (isBeingFilled(ours)) {
      warn(ours);
      continue;
    }
    const focused = ours.contains(document.activeElement) ? document.activeElement.closest("[id]")?.id : null;
    const open = [...ours.querySelectorAll("li[id]:has(> div > details[open])")].map((entry) => entry.id);
    const unfolded = [...ours.querySelectorAll("details[id][open]")].map((one) => one.id);
    const known = new Set([...ours.querySelectorAll("tbody tr[id], li[id]")].map((row) => row.id));
    const scrolled = ours.scrollTop;
    const chosen = [...ours.querySelectorAll("input[type=checkbox]:checked")].map((box) => box.value);
    ours.replaceWith(document.adoptNode(fresh));
    fresh.scrollTop = scrolled;
    for (const box of fresh.querySelectorAll("input[type=checkbox]")) {
      box.checked = chosen.includes(box.value);
    }
    mark(fresh, known);
    for (const id of unfolded) {
      document.getElementById(id)?.setAttribute("open", "");
    }
    for (const entry of open) {
      document.getElementById(entry)?.querySelector("details")?.setAttribute("open", "");
    }
    if (focused) {
      const again = document.getElementById(focused);
      (again?.querySelector("a[data-row]") ?? again)?.focus({ preventScroll: true });
    }
  }
}

// What somebody types is never taken from under their fingers.
function isBeingFilled(part) {
  return [...part.querySelectorAll("input:not([type=hidden], [type=checkbox]), textarea, select")].some(
    (field) => field === document.activeElement || ("defaultValue" in field && field.value !== field.defaultValue),
  );
}

function warn(part) {
  if (part.querySelector(".stale")) {
    return;
  }
  const template = document.getElementById("stale-notice");
  if (template) {
    part.prepend(template.content.cloneNode(true));
  }
}

function mark(part, known) {
  const kinds = "tbody tr[id], .timeline > li[id], .talk[id], .message[id], :scope.reminders > ul > li[id]";
  const rows = [...part.querySelectorAll(kinds)].filter((row) => !known.has(row.id));
  // A part that shows other rows than before (a first page that filled up) is not all new.
  if (!rows.length || (known.size && rows.length > 25)) {
    return;
  }
  for (const row of rows) {
    row.classList.add(row.tagName === "TR" ? "is-new" : "is-fresh");
    setTimeout(() => row.classList.remove("is-new", "is-fresh"), STAYS_NEW);
  }
  const said = rows.map((row) => row.dataset.label).filter(Boolean);
  if (part.dataset.new && said.length) {
    const spoken = document.getElementById("spoken");
    spoken.textContent = part.dataset.new.replace("{}", said.join(", "));
  }
}
