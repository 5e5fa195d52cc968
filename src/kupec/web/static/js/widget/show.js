// How each thing that is said looks.

import { ICONS, address, link, markup } from "./build.js";
import { el, icon } from "./made.js";

const ADD = "cart:add:";

// `acts` are what buttons do: press(choice), add(sku, button), again(item). `words` is what the panel says itself.
export function bubble(message, words, acts) {
  if (message.from === "activity") {
    return el("div", { class: "line" }, ...message.blocks.flatMap((block) => markup(block.text)));
  }
  const who = { me: words.you, bot: words.botName }[message.from] ?? message.name;
  const head = who ? [el("span", { class: message.from === "person" ? "who" : "hidden" }, `${who}: `)] : [];
  const body = el("div", { class: "body" }, ...head);
  const outside = [];
  for (const block of message.blocks) {
    const made = blocks[block.type]?.(block, words, acts) ?? [];
    if (block.type === "choices" || block.type === "cards") {
      outside.push(...made);
    } else {
      body.append(...made);
    }
  }
  const node = el("div", { class: `said ${message.from}` });
  if (body.childNodes.length > head.length) {
    node.append(body);
  }
  node.append(...outside);
  return node;
}

const blocks = {
  text: (block) => markup(block.text),
  link: (block) => [el("p", { class: "link" }, link(block.label, block.url))],
  source: (block, words) => [el("p", { class: "source" }, `${words.source}: `, link(block.title, block.url))],
  choices: (block, words, acts) => [
    ...(block.text ? [el("div", { class: "body" }, ...markup(block.text))] : []),
    el("div", { class: "choices" }, ...block.choices.map((choice) => button(choice, acts))),
  ],
  cards: (block, words, acts) => [
    el("ul", { class: `cards ${block.cards.length > 1 ? "many" : ""}`, tabindex: block.cards.length > 1 ? 0 : null },
      ...block.cards.map((card) => el("li", { class: "card" }, ...face(card, acts)))),
  ],
  file: (block, words) => {
    const href = address(block.url, ["http:", "https:"]);
    const size = block.size < 1e6 ? `${Math.ceil(block.size / 1000)} kB` : `${(block.size / 1e6).toFixed(1)} MB`;
    const inside = [icon(ICONS.file), el("span", {}, block.name), el("small", {}, size)];
    if (href && /^image\/(png|jpeg|gif|webp)$/.test(block.media_type)) {
      inside[0] = image(href);
    }
    return [href ? el("a", { class: "file", href, download: block.name, "aria-label": words.download.replace("{name}", () => block.name) }, ...inside) : el("span", { class: "file" }, ...inside)];
  },
};

function face(card, acts) {
  const picture = address(card.picture, ["http:", "https:"]);
  return [
    picture ? image(picture) : null,
    el("p", { class: "title" }, card.url ? link(card.title, card.url) : card.title),
    ...card.lines.map((line) => el("p", { class: "small" }, line)),
    card.price ? el("p", { class: "price" }, card.price) : null,
    ...card.choices.map((choice) => button(choice, acts)),
  ];
}

function image(src) {
  return el("img", { src, alt: "", loading: "lazy", onerror: (event) => event.target.remove() });
}

function button(choice, acts) {
  const sku = acts.add && choice.value.startsWith(ADD) ? choice.value.slice(ADD.length) : "";
  const made = el("button", { type: "button", class: sku ? "choice add" : "choice" }, choice.label);
  made.addEventListener("click", () => (sku ? acts.add(sku, made) : acts.press(choice)));
  return made;
}

// Something on its way: its words, and how far it is.
export function pending(item, words, acts) {
  const text = item.file ? item.file.name : item.person ? words.person : item.text;
  const message = { from: "me", blocks: [{ type: "text", text: "" }] };
  const node = bubble(message, words, acts);
  const body = node.querySelector(".body") ?? node.appendChild(el("div", { class: "body" }, el("span", { class: "hidden" }, `${words.you}: `)));
  body.append(...(item.file ? [el("span", { class: "file" }, icon(ICONS.file), text)] : markup(text)));
  if (item.failed) {
    const why = typeof item.failed === "string" ? item.failed : words.failed;
    node.append(el("button", { type: "button", class: "again", onclick: () => acts.again(item) }, icon(ICONS.alert), why));
  } else {
    node.append(status(item.done ? "sent" : "sending", words));
  }
  return node;
}

export function status(how, words) {
  return el("span", { class: "status" }, icon(ICONS[{ sending: "wait", sent: "tick", read: "ticks" }[how]]), el("span", { class: "hidden" }, words[how]));
}
