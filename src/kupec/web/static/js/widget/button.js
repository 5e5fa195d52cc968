// <kupec-chat>: the button. What is behind it comes when somebody reaches for it, or has talked with us before.

import { sheet } from "./button_style.js";
import { el, icon } from "./make.js";

const HERE = document.currentScript;
const CHAT = "M4 5h16v11H9l-5 4z";

class KupecChat extends HTMLElement {
  static el = el;
  static icon = icon;

  connectedCallback() {
    if (this.launcher) {
      return;
    }
    const spoken = this.getAttribute("lang") || this.closest("[lang]")?.lang || navigator.language;
    this.language = Object.keys(WORDS).find((code) => spoken.toLowerCase().startsWith(code)) ?? "en";
    this.words = WORDS[this.language];
    this.server = this.getAttribute("server") ?? (HERE?.src ? new URL(HERE.src).origin : location.origin);
    this.base = `${this.server}/chat/v1/${encodeURIComponent(this.getAttribute("inbox") || "web")}`;
    this.cart = this.getAttribute("cart");
    this.parts = {};
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [sheet];
    const come = () => this.load("panel").catch(() => {});
    this.badge = el("span", { class: "badge", hidden: true });
    this.label = el("span", {}, this.words.open);
    this.launcher = el("button", { class: "launcher", type: "button", "aria-expanded": "false", hidden: true, onclick: () => this.open(true), onpointerenter: come, onfocus: come }, icon(CHAT), this.label, this.badge);
    root.append(this.launcher);
    this.offer();
  }

  async offer() {
    const kept = this.remembered(this.base, "localStorage");
    if (this.getAttribute("offer") === "ask") {
      const told = await fetch(`${this.base}/offer`, { cache: "no-store" }).then((answer) => answer.json()).catch(() => ({}));
      if (!told.offered) {
        return;
      }
    }
    this.launcher.hidden = false;
    if (this.remembered("open") && !matchMedia("(max-width: 560px)").matches) {
      this.open(false);
    } else if (kept && kept.includes('"token":"') && !kept.includes('"token":""')) {
      this.load("panel").then(() => this.talk.follow(), () => {});
    }
  }

  async open(focus) {
    try {
      await this.load("panel");
      this.label.textContent = this.words.open;
      this.show(focus);
    } catch {
      this.label.textContent = this.words.error;
    }
  }

  // Another part of the chat, once; what could not be had is asked for under another name the next time.
  load(part) {
    this.parts[part] ??= import(`${this.server}/widget/${part}.js?lang=${this.language}&v=${TAG}${this.failed ?? ""}`).then(
      ({ methods }) => {
        const { constructor, ...made } = Object.getOwnPropertyDescriptors(methods);
        Object.defineProperties(this, made);
        this.furnish();
      },
      (error) => {
        this.parts[part] = null;
        this.failed = `&t=${Date.now()}`;
        throw error;
      },
    );
    return this.parts[part];
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
}

if (!customElements.get("kupec-chat")) {
  customElements.define("kupec-chat", KupecChat);
}
if (HERE?.dataset.inbox) {
  const given = Object.fromEntries(Object.entries(HERE.dataset));
  const place = () => document.querySelector("kupec-chat") ?? document.body.append(el("kupec-chat", given));
  document.body ? place() : document.addEventListener("DOMContentLoaded", place);
}
