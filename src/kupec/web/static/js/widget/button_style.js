// The button's look, and the colours of all. A site sets --kupec-accent and its sisters on the element; light and dark follow the page.

const CSS = `
:host { --a: var(--kupec-accent, light-dark(#8c1f34, #b23a50)); --oa: var(--kupec-on-accent, #fff);
  --s: var(--kupec-surface, light-dark(#fff, #1f1d1c)); --k: var(--kupec-soft, light-dark(#f3f1ee, #2b2826));
  --i: var(--kupec-ink, light-dark(#231f1d, #f0ece8)); --f: var(--kupec-faint, light-dark(#635b55, #b3aaa3));
  --l: var(--kupec-line, light-dark(#dcd6d0, #45403c)); --r: var(--kupec-radius, 8px);
  font: 16px/1.45 var(--kupec-font, system-ui, sans-serif); color: var(--i); }
:host([theme=light]) { color-scheme: light } :host([theme=dark]) { color-scheme: dark } :host([theme=auto]) { color-scheme: light dark }
* { box-sizing: border-box } [hidden] { display: none !important } p, ul { margin: 0; padding: 0 }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
svg { width: 20px; height: 20px; flex: none; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round }
button, textarea, input { font: inherit; color: inherit } a { color: inherit } :focus-visible { outline: 2px solid var(--i); outline-offset: 2px }
button { cursor: pointer; border: 1px solid var(--l); border-radius: var(--r); background: var(--s); min-height: 40px; padding: 6px 12px }
button:hover { background: var(--k) } button:disabled { opacity: .5; cursor: default }
.launcher { position: fixed; inset: auto var(--kupec-right, 20px) var(--kupec-bottom, 20px) auto; z-index: 2147483000; display: flex; gap: 8px; align-items: center;
  min-height: 48px; padding: 0 18px; border: 0; border-radius: 99px; background: var(--a); color: var(--oa); box-shadow: 0 4px 16px #0003 }
.launcher:hover { background: var(--a); filter: brightness(.9) }
.badge { min-width: 22px; padding: 0 6px; border-radius: 99px; background: var(--oa); color: #8c1f34; font-size: 14px; font-weight: 600; text-align: center }
@media (max-width: 560px) { .launcher { --kupec-right: 12px; --kupec-bottom: 12px } }
@media print { :host { display: none } }
`;

export const sheet = new CSSStyleSheet();
sheet.replaceSync(CSS);
