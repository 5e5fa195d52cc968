// The keyboard: j k o x / ? Esc, and g with a digit for the places of the rail.

let goes = 0;
let opening = 0;

export function watchKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey || event.isComposing) {
      return;
    }
    const typing = event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (event.key === "Escape") {
      leave(event, typing);
      return;
    }
    if (typing || document.querySelector("dialog[open]")) {
      return;
    }
    if (goes && Date.now() - goes < 1500 && /^[1-9]$/.test(event.key)) {
      document.querySelectorAll("#places a")[Number(event.key) - 1]?.click();
      goes = 0;
      return;
    }
    goes = event.key === "g" ? Date.now() : 0;
    const act = { j: () => step(1), k: () => step(-1), o: open, x: choose, "/": search, "?": help }[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });
}

function rows() {
  return [...document.querySelectorAll("#list a[data-row]")];
}

function step(by) {
  const links = rows();
  const at = links.findIndex((link) => link === document.activeElement);
  const from = at >= 0 ? at : links.findIndex((link) => link.hasAttribute("aria-current"));
  const next = links[Math.min(Math.max(from + by, 0), links.length - 1)];
  next?.focus({ focusVisible: true, preventScroll: true });
  next?.closest("tr, li").scrollIntoView({ block: "nearest" });
  // With a record open, the next row opens in its place: one reads on as in an inbox.
  clearTimeout(opening);
  if (next && document.querySelector("#panes.opened, #inbox.opened")) {
    opening = setTimeout(() => next.click(), 120);
  }
}

function open() {
  if (rows().includes(document.activeElement)) {
    document.activeElement.click();
  }
}

function choose() {
  const row = rows().find((link) => link === document.activeElement || link.hasAttribute("aria-current"))?.closest("tr");
  row?.querySelector("input[type=checkbox]")?.click();
}

function search() {
  const field = document.querySelector("[data-search]");
  field?.focus();
  field?.select();
}

function help() {
  document.getElementById("keys")?.showModal();
}

function leave(event, typing) {
  if (document.querySelector("dialog[open]")) {
    return;
  }
  if (typing) {
    typing.blur();
    return;
  }
  const close = document.querySelector("#panes.opened a[data-close], #inbox.opened a[data-close]");
  if (close) {
    event.preventDefault();
    close.click();
  }
}
