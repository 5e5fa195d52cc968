// The cart's page: every change is sent at once and the page is put in place of itself.

import { showPieces } from "./buy.js";

let sending = Promise.resolve();

function send(form, name, value) {
  const wanted = new URLSearchParams(new FormData(form));
  if (name) {
    wanted.set(name, value);
  }
  sending = sending.then(async () => {
    const answer = await fetch(form.action, { method: "POST", body: wanted, headers: { Accept: "text/html" } });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const cart = fresh.getElementById("cart");
    if (!cart) {
      location.reload();
      return;
    }
    replace(cart);
    showPieces(Number(fresh.querySelector("[data-pieces]")?.textContent ?? 0));
  });
}

// The cart's new state takes the old one's place; the focus stays where it was, or goes to the heading.
function replace(cart) {
  const focused = document.activeElement;
  const selector = focused?.id
    ? `[id="${CSS.escape(focused.id)}"]`
    : focused?.name && `[name="${CSS.escape(focused.name)}"][value="${CSS.escape(focused.value)}"]`;
  const said = document.getElementById("cart-said");
  const news = cart.querySelector("#cart-said")?.textContent ?? "";
  const errors = [...cart.querySelectorAll(".field-error")].map((error) => error.textContent.trim());
  const ours = document.getElementById("cart");
  cart.querySelector("#cart-said")?.remove();
  ours.replaceChildren(...cart.childNodes, said);
  said.textContent = [...errors, news.trim()].join(" ");
  const again = selector ? ours.querySelector(selector) : null;
  if (again && !again.disabled) {
    again.focus();
  } else if (focused && !document.contains(focused)) {
    const heading = ours.querySelector("h1");
    heading.tabIndex = -1;
    heading.focus();
  }
}

document.addEventListener("change", (event) => {
  const form = event.target.form;
  if (form?.matches("[data-cart]")) {
    send(form);
  }
});

document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  if (form.matches("[data-cart]") && submitter?.name !== "checkout") {
    event.preventDefault();
    // Enter in a field: its change has been sent already.
    if (submitter?.name) {
      send(form, submitter.name, submitter.value);
    }
  }
});
