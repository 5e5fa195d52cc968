// The chat on our own pages: what it puts into the cart is counted on the page, and the other way round.

import { showPieces } from "./buy.js";

const count = document.querySelector("[data-pieces]");

document.addEventListener("kupec-cart", (event) => {
  if (count) {
    showPieces(event.detail.pieces);
  }
});

if (count) {
  let told = count.textContent;
  new MutationObserver(() => {
    if (count.textContent !== told) {
      told = count.textContent;
      window.dispatchEvent(new Event("kupec-cart-changed"));
    }
  }).observe(count, { childList: true, characterData: true, subtree: true });
}
