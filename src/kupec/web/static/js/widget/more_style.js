// The look of the cart, and of the form that asks who it is.

const CSS = `
.cart { border-top: 1px solid var(--l); font-size: 14px } .cart summary { display: flex; gap: 8px; justify-content: space-between; padding: 10px 16px; cursor: pointer; font-weight: 600 }
.cart ul { list-style: none; padding: 0 16px; max-height: 140px; overflow-y: auto } .cart li { display: flex; gap: 8px; justify-content: space-between; padding: 3px 0 } .cart li span:last-child { white-space: nowrap }
.go { display: block; margin: 8px 16px 12px; padding: 9px; text-align: center; text-decoration: none; border-radius: var(--r); background: var(--a); color: var(--oa) }
.who-am-i { flex: 1; align-content: start; display: grid; gap: 8px; padding: 16px; font-size: 14px } .who-am-i input { width: 100%; min-height: 40px; padding: 6px 10px; background: none; border: 1px solid var(--f); border-radius: var(--r) }
.row { display: flex; gap: 8px } .row .main { background: var(--a); color: var(--oa); border-color: var(--a) } .bad { color: light-dark(#a32015, #ff9d90) }
`;

export const sheet = new CSSStyleSheet();
sheet.replaceSync(CSS);
