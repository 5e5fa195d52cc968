// The panel behind the button. Its methods become the element's once it is loaded (button.js).

import { ICONS, address } from "./build.js";
import { el, icon } from "./made.js";
import { bubble, pending, status } from "./show.js";
import { sheet } from "./style.js";
import { Talk } from "./talk.js";

const PHONE = matchMedia("(max-width: 560px)");
const AWAY = 60000;

class Panel {
  // Once, when this has come.
  furnish() {
    this.words = { ...this.words, ...WORDS };
    this.address = address;
    this.talk = new Talk(this.base, this.language, (what, data) => this.heard(what, data));
    this.acts = {
      press: (choice) => this.press(choice),
      add: this.cart ? (sku, button) => this.also("add", sku, button) : null,
      again: (item) => this.talk.again(item),
    };
    this.nodes = new Map();
    this.build();
    this.listenToPage();
  }

  build() {
    const { words } = this;
    const root = this.shadowRoot;
    root.adoptedStyleSheets.push(sheet);
    this.about = el("p", {});
    this.person = el("button", { type: "button", onclick: () => this.talk.say({ person: true }) }, icon(ICONS.person), words.person);
    this.itIsMe = el("button", { type: "button", onclick: () => this.also("identify") }, words.identify);
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
    this.clip = el("button", { type: "button", class: "bare", "aria-label": words.attach, onclick: () => this.also("attach") }, icon(ICONS.clip));
    this.form = el("form", { class: "write", onsubmit: (event) => this.submit(event) }, this.clip, this.text, el("button", { class: "send", "aria-label": words.send }, icon(ICONS.send)));
    this.panel = el("section", { class: "panel", role: "dialog", "aria-label": this.getAttribute("label") || words.title, hidden: true },
      el("header", {}, el("div", {}, el("h2", {}, this.getAttribute("label") || words.title), this.about), el("button", { type: "button", class: "bare", "aria-label": words.close, onclick: () => this.hide() }, icon(ICONS.close))),
      el("div", { class: "bar" }, this.person, this.itIsMe), this.note, this.log, this.basket, this.form);
    this.panel.addEventListener("keydown", (event) => this.keys(event));
    root.append(this.panel);
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
    if (PHONE.matches) {
      this.panel.setAttribute("aria-modal", "true");
    } else {
      this.panel.removeAttribute("aria-modal");
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

  // --- saying ---

  press({ label, value }) {
    if (value === "identify") {
      this.also("identify", true);
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

  // --- what is needed only by some: more.js ---

  readCart(pause = 0) {
    clearTimeout(this.asks);
    if (this.cart) {
      this.asks = setTimeout(() => this.also("askCart", "GET"), pause);
    }
  }

  async also(what, ...given) {
    try {
      await this.load("more");
      await this[what](...given);
    } catch {
      this.line(what === "askCart" ? this.broken : "error");
    }
  }
}

export const methods = Panel.prototype;
