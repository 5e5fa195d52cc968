// What only some need: the cart, on the shop's own pages; and the form that asks who somebody is.

import { el } from "./made.js";
import { sheet } from "./more_style.js";

const LARGEST = 10e6;

class More {
  furnish() {
    this.words = { ...this.words, ...WORDS };
    this.shadowRoot.adoptedStyleSheets.push(sheet);
  }

  // --- files ---

  attach() {
    const picker = el("input", { type: "file", multiple: true });
    picker.addEventListener("change", () => {
      for (const file of picker.files) {
        this.talk.say({ file, ...(file.size > LARGEST ? { failed: this.words.tooLarge } : {}) });
      }
    });
    picker.click();
  }

  // --- the cart ---

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
      el("a", { class: "go", href: this.address(told.checkout, ["http:", "https:"]) }, words.checkout),
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

  // `asked`: by the bot, which goes on once it knows.
  identify(asked = false) {
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
          if (asked === true) {
            talk.say({ text: words.proven, choice: "identified" });
          }
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

export const methods = More.prototype;
