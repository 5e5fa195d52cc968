// <kupec-help>: the shop's answers on any site. Everything is set as text, styles are made as objects, so a strict
// content policy needs only this script's origin in script-src and connect-src.
//
//   <script src="https://shop.example/knowledge.js" defer></script>
//   <kupec-help lang="cs"></kupec-help>                      a search field
//   <kupec-help lang="cs" article="delivery-cost"></kupec-help>   one answer
(() => {
  "use strict";
  const HOME = new URL(document.currentScript.src).origin;
  const WORDS = {
    cs: { label: "Na co se chcete zeptat?", find: "Najít", none: "Na tohle odpověď nemáme.", more: "Celá odpověď", failed: "Odpovědi se nepodařilo načíst. Zkuste to za chvíli." },
    pl: { label: "Jakie jest pytanie?", find: "Szukaj", none: "Na to nie mamy odpowiedzi.", more: "Cała odpowiedź", failed: "Nie udało się wczytać odpowiedzi. Prosimy spróbować za chwilę." },
    en: { label: "What would you like to know?", find: "Find", none: "We have no answer to this.", more: "The whole answer", failed: "The answers could not be loaded. Try again in a moment." },
  };
  const STYLE = `
    :host { display: block; font: inherit; color: inherit; }
    form { display: flex; flex-wrap: wrap; gap: .5rem; align-items: end; }
    label { display: grid; gap: .25rem; flex: 1 1 14rem; }
    input, button { font: inherit; color: inherit; min-height: 2.5rem; padding: .4rem .75rem; border: 1px solid currentColor; border-radius: .375rem; background: transparent; }
    button { cursor: pointer; }
    input:focus-visible, button:focus-visible, a:focus-visible, summary:focus-visible { outline: 2px solid; outline-offset: 2px; }
    details { border-block-end: 1px solid color-mix(in srgb, currentColor 25%, transparent); padding-block: .5rem; }
    summary { cursor: pointer; font-weight: 600; min-height: 1.75rem; }
    p { margin-block: .5rem; white-space: pre-line; max-width: 68ch; overflow-wrap: anywhere; }
    a { color: inherit; }
  `;

  const el = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      made.setAttribute(key, value);
    }
    made.append(...children);
    return made;
  };

  class KupecHelp extends HTMLElement {
    connectedCallback() {
      if (this.shadowRoot) {
        return;
      }
      const root = this.attachShadow({ mode: "open" });
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(STYLE);
      root.adoptedStyleSheets = [sheet];
      const asked = (this.lang || document.documentElement.lang || "en").slice(0, 2);
      this.language = asked in WORDS ? asked : "en";
      this.words = WORDS[this.language];
      this.out = el("div", { role: "status", lang: this.language });
      if (this.hasAttribute("article")) {
        root.append(this.out);
        this.ask(`articles/${encodeURIComponent(this.getAttribute("article"))}?`, (found) => [this.answer(found, true)]);
      } else {
        root.append(this.form(), this.out);
      }
    }

    form() {
      const field = el("input", { type: "search", maxlength: "200", name: "q", required: "" });
      const form = el("form", { role: "search" }, el("label", {}, this.words.label, field), el("button", {}, this.words.find));
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.ask(`search?limit=5&q=${encodeURIComponent(field.value)}`, (found) => this.results(found.results));
      });
      return form;
    }

    results(found) {
      const likely = found.filter((one, place) => one.known || (place < 3 && one.score > 0.15));
      return likely.length ? likely.map((one, place) => this.answer(one, place === 0)) : [el("p", {}, this.words.none)];
    }

    answer(one, open) {
      const made = el("details", {}, el("summary", {}, one.title), el("p", {}, one.text));
      made.open = open;
      if (one.url.startsWith(`${HOME}/`) || one.url.startsWith("https://")) {
        made.append(el("p", {}, el("a", { href: one.url, target: "_blank", rel: "noopener" }, this.words.more)));
      }
      return made;
    }

    async ask(path, show) {
      const asked = (this.asked = {});
      let shown;
      try {
        const answer = await fetch(`${HOME}/api/knowledge/v1/${path}&language=${this.language}`, { credentials: "omit" });
        if (!answer.ok) {
          throw new Error(answer.statusText);
        }
        shown = show(await answer.json());
      } catch {
        shown = [el("p", {}, this.words.failed)];
      }
      if (asked === this.asked) {
        this.out.replaceChildren(...shown);
      }
    }
  }

  if (!customElements.get("kupec-help")) {
    customElements.define("kupec-help", KupecHelp);
  }
})();
