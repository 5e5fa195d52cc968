// <kupec-chat>: the button, and the panel behind it.

import { address, el, icon } from "./build.js";
import { bubble, pending, status } from "./show.js";
import { sheet } from "./style.js";
import { Talk } from "./talk.js";

const HERE = document.currentScript;
const LARGEST = 10e6;
const PHONE = matchMedia("(max-width: 560px)");
const AWAY = 60000;

class KupecChat extends HTMLElement {
  connectedCallback() {
    if (this.talk) {
      return;
    }
    const spoken = this.getAttribute("lang") || this.closest("[lang]")?.lang || navigator.language;
    this.language = Object.keys(WORDS).find((code) => spoken.toLowerCase().startsWith(code)) ?? "en";
    this.words = WORDS[this.language];
    this.server = this.getAttribute("server") ?? (HERE?.src ? new URL(HERE.src).origin : location.origin);
    this.inbox = this.getAttribute("inbox") || "web";
    this.cart = this.getAttribute("cart");
    this.talk = new Talk(this.server, this.inbox, this.language, (what, data) => this.heard(what, data));
    this.acts = {
      press: (choice) => this.press(choice),
      add: this.cart ? (sku, button) => this.add(sku, button) : null,
      again: (item) => this.talk.again(item),
    };
    this.nodes = new Map();
    this.build();
    this.listenToPage();
    this.offer();
  }

  async offer() {
    if (this.getAttribute("offer") === "ask") {
      const told = await this.talk.call("GET", "/offer").catch(() => ({}));
      if (!told.offered) {
        return;
      }
    }
    this.launcher.hidden = false;
    if (this.remembered("open") && !PHONE.matches) {
      this.show(false);
    } else if (this.talk.token) {
      this.talk.follow();
    }
  }

  build() {
    const { words } = this;
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    this.badge = el("span", { class: "badge", hidden: true });
    this.launcher = el("button", { class: "launcher", type: "button", "aria-expanded": "false", hidden: true, onclick: () => this.show() }, icon("chat"), el("span", {}, words.open), this.badge);
    this.about = el("p", {});
    this.person = el("button", { type: "button", onclick: () => this.talk.say({ person: true }) }, icon("person"), words.person);
    this.itIsMe = el("button", { type: "button", onclick: () => this.identify() }, words.identify);
    this.note = el("p", { class: "note", role: "status", hidden: true });
    this.log = el("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": words.log, tabindex: 0 });
    this.log.addEventListener("wheel", () => this.scrolled(), { passive: true });
    this.log.addEventListener("touchmove", () => this.scrolled(), { passive: true });
    this.log.addEventListener("keydown", () => this.scrolled());
    new ResizeObserver(() => this.settle()).observe(this.log);
    this.dots = el("div", { class: "dots", hidden: true }, el("span", { class: "hidden" }), el("i"), el("i"), el("i"));
    this.log.append(this.dots);
    this.basket = el("details", { class: "cart", hidden: true });
    this.text = el("textarea", { rows: 1, maxlength: 4000, "aria-label": words.write, placeholder: words.write, enterkeyhint: "send", onkeydown: (event) => this.key(event), oninput: () => this.typing() });
    this.picker = el("input", { type: "file", hidden: true, multiple: true, onchange: () => this.send(this.picker.files) });
    this.clip = el("button", { type: "button", class: "bare", "aria-label": words.attach, onclick: () => this.picker.click() }, icon("clip"));
    this.form = el("form", { class: "write", onsubmit: (event) => this.submit(event) }, this.clip, this.picker, this.text, el("button", { class: "send", "aria-label": words.send }, icon("send")));
    this.panel = el("section", { class: "panel", role: "dialog", "aria-label": this.getAttribute("label") || words.title, hidden: true },
      el("header", {}, el("div", {}, el("h2", {}, this.getAttribute("label") || words.title), this.about), el("button", { type: "button", class: "bare", "aria-label": words.close, onclick: () => this.hide() }, icon("close"))),
      el("div", { class: "bar" }, this.person, this.itIsMe), this.note, this.log, this.basket, this.form);
    this.panel.addEventListener("keydown", (event) => this.keys(event));
    root.append(this.launcher, this.panel);
  }

  listenToPage() {
    let away;
    document.addEventListener("visibilitychange", () => {
      clearTimeout(away);
      if (document.hidden) {
        away = setTimeout(() => this.talk.unfollow(), AWAY);
      } else if (this.isOpen || this.talk.messages.size) {
        this.talk.follow();
        this.seen();
      }
    });
    window.addEventListener("pagehide", () => this.talk.unfollow());
    window.addEventListener("pageshow", (event) => event.persisted && this.talk.began && this.talk.follow());
    window.addEventListener("offline", () => this.line("offline"));
    window.addEventListener("online", () => {
      this.line("");
      if (this.talk.following) {
        this.talk.unfollow();
        this.talk.follow();
      }
    });
    window.addEventListener("kupec-cart-changed", () => this.isOpen && this.readCart());
  }

  // --- open and closed ---

  get isOpen() {
    return !this.panel.hidden;
  }

  show(focus = true) {
    this.panel.hidden = false;
    this.launcher.hidden = true;
    this.toggleAttribute("open", true);
    this.launcher.setAttribute("aria-expanded", "true");
    this.panel.toggleAttribute("aria-modal", PHONE.matches);
    if (PHONE.matches) {
      this.panel.setAttribute("aria-modal", "true");
    }
    this.remember("open", "yes");
    this.render();
    this.talk.begin().then(() => this.talk.follow(), () => this.line("error"));
    this.readCart();
    this.seen();
    if (focus) {
      this.text.focus();
    }
  }

  hide() {
    this.panel.hidden = true;
    this.launcher.hidden = false;
    this.toggleAttribute("open", false);
    this.launcher.setAttribute("aria-expanded", "false");
    this.remember("open", "");
    this.launcher.focus();
  }

  keys(event) {
    if (event.key === "Escape") {
      event.stopPropagation();
      this.hide();
    } else if (event.key === "Tab" && PHONE.matches) {
      const all = [...this.panel.querySelectorAll("button, a[href], textarea, input:not([hidden]), summary, [tabindex]")].filter((node) => node.checkVisibility() && !node.disabled);
      const edge = event.shiftKey ? all[0] : all.at(-1);
      if (this.shadowRoot.activeElement === edge) {
        event.preventDefault();
        (event.shiftKey ? all.at(-1) : all[0]).focus();
      }
    }
  }

  // Whether it is open is this tab's matter; what was read is the browser's.
  remembered(what, place = "sessionStorage") {
    try {
      return window[place].getItem(`kupec-chat ${what}`);
    } catch {
      return null;
    }
  }

  remember(what, value, place = "sessionStorage") {
    try {
      window[place].setItem(`kupec-chat ${what}`, value);
    } catch {
      // The next page begins as if it were the first.
    }
  }

  // --- saying ---

  press({ label, value }) {
    if (value === "identify") {
      this.identify();
    } else {
      this.talk.say(value === "person" ? { person: true } : { text: label, choice: value });
    }
  }

  submit(event) {
    event.preventDefault();
    const text = this.text.value.trim();
    if (text) {
      this.text.value = "";
      this.reading = false;
      this.talk.say({ text });
      this.text.focus();
    }
  }

  key(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      this.submit(event);
    }
  }

  typing() {
    if (this.talk.state.holder === "people" && Date.now() - (this.typedAt ?? 0) > 4000) {
      this.typedAt = Date.now();
      this.talk.quietly("/typing", {});
    }
  }

  send(files) {
    for (const file of files) {
      this.talk.say({ file, ...(file.size > LARGEST ? { failed: this.words.tooLarge } : {}) });
    }
    this.picker.value = "";
  }

  // --- hearing ---

  heard(what, data) {
    if (what === "line") {
      this.line(data);
    } else if (what === "typing") {
      this.writes(data);
    } else {
      this.render();
      this.seen();
      if (what === "messages" && data && data.from !== "me") {
        this.writes("");
        this.readCart(400);
      }
    }
  }

  line(name) {
    this.broken = name;
    this.state();
  }

  state() {
    const { words } = this;
    const { state, known } = this.talk;
    const people = state.holder === "people";
    this.about.textContent = people ? (state.agent ? words.withPerson.replace("{name}", () => state.agent) : words.personWait) : state.bot ? words.bot : "";
    this.person.hidden = people;
    this.itIsMe.hidden = this.form.hidden || !this.talk.token || Boolean(known);
    this.clip.hidden = !state.files;
    const place = people && state.place ? words.place.replace("{place}", () => state.place) : "";
    const said = this.broken ? words[this.broken] : [state.text, place].filter(Boolean).join(" ");
    this.note.hidden = !said;
    if (this.note.textContent !== said) {
      this.note.textContent = said ?? "";
    }
    this.panel.querySelector(".bar").hidden = this.person.hidden && this.itIsMe.hidden;
  }

  // Only what is new is added, so that it is read out once; what was on its way becomes what was said.
  render() {
    this.state();
    const { talk, log } = this;
    const wanted = [];
    const said = talk.sorted;
    const answered = said.findLastIndex((message) => message.from === "bot" || message.from === "person");
    const lastMine = said.findLastIndex((message) => message.from === "me");
    if (!said.length && talk.greeting.length) {
      wanted.push(["greeting", () => bubble({ from: "bot", blocks: talk.greeting }, this.words, this.acts)]);
    }
    said.forEach((message) => wanted.push([message.id, () => bubble(message, this.words, this.acts)]));
    talk.outbox.forEach((item) => wanted.push([`${item.id} ${item.done ?? item.failed ?? ""}`, () => pending(item, this.words, this.acts)]));
    const keys = new Set(wanted.map(([key]) => key));
    for (const [key, node] of this.nodes) {
      if (!keys.has(key)) {
        node.remove();
        this.nodes.delete(key);
      }
    }
    let place = log.firstChild;
    for (const [key, make] of wanted) {
      let node = this.nodes.get(key);
      if (!node) {
        node = make();
        this.nodes.set(key, node);
      }
      if (node === place) {
        place = place.nextSibling;
      } else {
        log.insertBefore(node, place);
      }
    }
    said.forEach((message, at) => {
      const node = this.nodes.get(message.id);
      if (message.from === "me") {
        node.querySelector(".status")?.remove();
        if (at === lastMine) {
          node.append(status(at < answered ? "read" : "sent", this.words));
        }
      } else if (at < lastMine || talk.outbox.length) {
        node.querySelectorAll(".choice:not(.add)").forEach((button) => (button.disabled = true));
      }
    });
    const waits = talk.outbox.some((item) => !item.failed) || (lastMine > answered && lastMine === said.length - 1);
    if (waits && talk.state.holder === "bot" && !this.broken) {
      this.writes(this.words.botName, this.words.typingBot);
    }
    this.settle();
  }

  // Somebody looks up what was said before: the view is theirs until they are back at the end.
  scrolled() {
    requestAnimationFrame(() => {
      this.reading = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight > 60;
    });
  }

  // Who reads the end stays there, but the beginning of a long answer is not pushed out of sight.
  settle() {
    if (this.reading) {
      return;
    }
    const mine = [...this.log.querySelectorAll(".said.me")].at(-1);
    const bottom = this.log.scrollHeight - this.log.clientHeight;
    this.log.scrollTop = mine ? Math.min(bottom, mine.offsetTop - this.log.offsetTop - 12) : bottom;
  }

  writes(name, words) {
    clearTimeout(this.stops);
    this.dots.hidden = !name;
    this.dots.firstChild.textContent = name ? (words ?? this.words.typing.replace("{name}", () => name)) : "";
    if (name) {
      this.settle();
      this.stops = setTimeout(() => this.writes(""), 12000);
    }
  }

  // What was shown has been read; what came behind the closed panel is counted on the button.
  seen() {
    const told = this.talk.sorted.filter((message) => message.from === "bot" || message.from === "person");
    const last = told.at(-1);
    const upto = Number(this.remembered("read", "localStorage") ?? 0);
    const stamp = (message) => message.at[0] * 1e6 + message.at[1];
    if (last && this.isOpen && !document.hidden) {
      if (stamp(last) > upto) {
        this.remember("read", stamp(last), "localStorage");
        this.talk.quietly("/read", { at: last.at });
      }
    }
    const unread = this.isOpen ? 0 : told.filter((message) => stamp(message) > Number(this.remembered("read", "localStorage") ?? 0)).length;
    this.badge.hidden = !unread;
    this.badge.replaceChildren(el("span", { class: "hidden" }, ` ${this.words.unread} `), String(unread));
  }

  // --- the cart, on the shop's own pages ---

  readCart(pause = 0) {
    clearTimeout(this.asks);
    if (this.cart) {
      this.asks = setTimeout(() => this.askCart("GET").catch(() => {}), pause);
    }
  }

  async askCart(method, body) {
    const answer = await fetch(this.cart, {
      method,
      body: body && JSON.stringify(body),
      headers: { Accept: "application/json", Authorization: `Bearer ${this.talk.token}` },
    });
    const told = await answer.json();
    if (!answer.ok) {
      throw new Error(told.title);
    }
    this.showCart(told);
    return told;
  }

  showCart(told) {
    const { words } = this;
    this.basket.hidden = !told.pieces;
    this.basket.replaceChildren(
      el("summary", {}, el("span", {}, `${words.cart} (${told.pieces})`), el("span", {}, told.total)),
      el("ul", {}, ...told.lines.map((line) => el("li", {}, el("span", {}, `${line.quantity} × ${line.name}`), el("span", {}, line.price)))),
      el("a", { class: "go", href: address(told.checkout, ["http:", "https:"]) }, words.checkout),
    );
    this.dispatchEvent(new CustomEvent("kupec-cart", { bubbles: true, composed: true, detail: { pieces: told.pieces } }));
  }

  async add(sku, button) {
    button.disabled = true;
    try {
      await this.talk.begin();
      await this.askCart("POST", { sku });
      button.textContent = this.words.added;
    } catch (error) {
      button.disabled = false;
      this.note.hidden = false;
      this.note.textContent = error.message || this.words.error;
    }
  }

  // --- who it is ---

  identify() {
    const { words, talk } = this;
    let proof = "";
    const field = el("input", { type: "email", autocomplete: "email", required: true, id: "f" });
    const label = el("label", { for: "f" }, words.email);
    const problem = el("p", { class: "bad", role: "alert" });
    const go = el("button", { class: "main" }, words.sendCode);
    const back = () => {
      form.remove();
      this.log.hidden = this.form.hidden = false;
      this.state();
      this.text.focus();
    };
    const submit = async (event) => {
      event.preventDefault();
      problem.textContent = "";
      go.disabled = true;
      try {
        if (!proof) {
          proof = (await talk.call("POST", "/identify", { email: field.value, language: this.language })).proof;
          label.textContent = words.code;
          field.value = "";
          Object.assign(field, { type: "text", autocomplete: "one-time-code", inputMode: "numeric" });
          go.textContent = words.confirm;
        } else {
          talk.unfollow();
          talk.take(await talk.call("POST", "/identify/code", { proof, code: field.value, language: this.language }));
          talk.follow();
          back();
        }
      } catch (error) {
        problem.textContent = error.message || words.error;
      }
      go.disabled = false;
      field.focus();
    };
    const form = el("form", { class: "who-am-i", onsubmit: submit }, el("p", {}, words.identifyWhy), label, field, problem, el("div", { class: "row" }, go, el("button", { type: "button", onclick: back }, words.back)));
    this.log.hidden = this.form.hidden = this.itIsMe.hidden = true;
    this.log.before(form);
    field.focus();
  }
}

if (!customElements.get("kupec-chat")) {
  customElements.define("kupec-chat", KupecChat);
}
if (HERE?.dataset.inbox) {
  const given = Object.fromEntries(Object.entries(HERE.dataset));
  const place = () => document.querySelector("kupec-chat") ?? document.body.append(el("kupec-chat", given));
  document.body ? place() : document.addEventListener("DOMContentLoaded", place);
}
