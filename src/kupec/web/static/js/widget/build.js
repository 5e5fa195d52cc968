// What may stand in a message: drawings, safe addresses, and a little markup.

import { el } from "./made.js";

export const ICONS = {
  close: "M6 6l12 12M18 6L6 18",
  send: "M4 12h15M13 6l6 6-6 6",
  clip: "M19 11l-7.5 7.5a4.5 4.5 0 0 1-6.4-6.4L13 4.3a3 3 0 0 1 4.3 4.3l-7.8 7.8a1.5 1.5 0 0 1-2.1-2.1L14.5 7",
  tick: "M5 13l4 4L19 7",
  ticks: "M2 13l4 4 9-10M11 16l1 1L22 7",
  wait: "M12 7v5l3 2M12 3a9 9 0 1 0 .01 0",
  alert: "M12 8v5M12 16.5v.5M12 3a9 9 0 1 0 .01 0",
  person: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c0-4 3.5-6 8-6s8 2 8 6",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
};

// An address that may be followed, or null: no scripts, no data, whatever tricks its spelling plays.
export function address(text, schemes = ["http:", "https:", "mailto:", "tel:"]) {
  if (typeof text !== "string" || !text) {
    return null;
  }
  try {
    const url = new URL(text, location.href);
    return schemes.includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}

export function link(text, href) {
  const safe = address(href);
  if (!safe) {
    return el("span", {}, text);
  }
  const ours = new URL(safe).origin === location.origin;
  return el("a", ours ? { href: safe } : { href: safe, target: "_blank", rel: "noopener noreferrer" }, text);
}

// All the markup there is: **bold**, lines that begin with "- ", bare addresses.
export function markup(text) {
  const made = [];
  let list = null;
  for (const line of String(text ?? "").split("\n")) {
    const item = /^\s*[-•]\s+(.*)$/.exec(line);
    if (item) {
      list ??= made[made.push(el("ul")) - 1];
      list.append(el("li", {}, ...inline(item[1])));
    } else {
      list = null;
      if (line.trim()) {
        made.push(el("p", {}, ...inline(line)));
      }
    }
  }
  return made;
}

function inline(line) {
  return line.split(/(\*\*[^*\n]+\*\*|https?:\/\/[^\s<>"'()]+[^\s<>"'().,;:!?])/).map((part, place) => {
    if (place % 2 === 0) {
      return part;
    }
    return part.startsWith("**") ? el("strong", {}, part.slice(2, -2)) : link(part, part);
  });
}
