// A row opens beside its list, so that the list keeps its place. Where there is no room, the link is simply followed.

import { hearAgain } from "./desk-live.js";

const ROOM = matchMedia("(min-width: 64rem)");
let asked = 0;

export function watchRows() {
  if (!document.getElementById("panes")) {
    return;
  }
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) {
      return;
    }
    const link = linkOf(event.target);
    if (!link) {
      return;
    }
    if (!ROOM.matches) {
      if (!event.target.closest("a")) {
        location.href = link.href;
      }
      return;
    }
    event.preventDefault();
    show(link.href, true);
  });
  addEventListener("popstate", () => show(location.href, false));
  showTab();
}

// Of a record's many tabs the open one is in sight, also where they scroll.
function showTab() {
  const tabs = document.querySelector(".record-tabs");
  const open = tabs?.querySelector("[aria-current]");
  if (open) {
    tabs.scrollLeft = open.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - open.offsetWidth) / 2;
  }
}

function linkOf(target) {
  const within = target.closest("a[data-close], a[data-pane]");
  if (within) {
    return within;
  }
  if (target.closest("a:not([data-row]), button, input, label, select, textarea, summary")) {
    return null;
  }
  const row = target.closest("#list tbody tr");
  return getSelection().isCollapsed ? (row?.querySelector("a[data-row]") ?? null) : null;
}

export async function show(address, remember) {
  const mine = ++asked;
  const since = performance.now();
  const panes = document.getElementById("panes");
  panes.setAttribute("aria-busy", "true");
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
  const fresh = page.getElementById("panes");
  if (!fresh) {
    location.href = address;
    return;
  }
  panes.removeAttribute("aria-busy");
  panes.className = fresh.className;
  document.getElementById("record").replaceWith(document.adoptNode(page.getElementById("record")));
  document.getElementById("flash")?.remove();
  document.title = page.title;
  if (remember) {
    history.pushState({}, "", address);
  }
  showTab();
  point();
  hearAgain(since);
}

// The list stays as it is; only which of its rows is open changes.
function point() {
  const here = location.pathname;
  for (const link of document.querySelectorAll("#list a[data-row]")) {
    if (new URL(link.href).pathname === here) {
      link.setAttribute("aria-current", "true");
      link.closest("tr").scrollIntoView({ block: "nearest" });
    } else {
      link.removeAttribute("aria-current");
    }
  }
}
