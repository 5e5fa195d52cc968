// A product's page: steps of the quantity, the chosen variant's price, and putting it into the cart in place.

import { toast } from "./toast.js";

const text = (id) => document.getElementById(id)?.content.textContent ?? "";

export function showPieces(pieces) {
  const count = document.getElementById("cart-count");
  count.querySelector("[data-pieces]").textContent = pieces;
  count.hidden = pieces === 0;
}

const form = document.querySelector("[data-buy]");
if (form) {
  const quantity = form.elements.quantity;
  const button = form.querySelector(".buy-button");
  const problem = document.getElementById("buy-error");

  form.addEventListener("click", (event) => {
    const step = event.target.closest("[data-step]");
    if (step && !quantity.disabled) {
      const wanted = (Number.parseInt(quantity.value, 10) || 0) + Number(step.dataset.step);
      quantity.value = Math.min(9999, Math.max(1, wanted));
    }
  });

  form.addEventListener("change", (event) => {
    const { price, available } = event.target.dataset;
    if (price) {
      form.querySelector("[data-price]").textContent = price;
      button.disabled = available === "0";
      quantity.disabled = available === "0";
    }
  });

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    say("");
    button.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: new URLSearchParams(new FormData(form)),
        headers: { Accept: "application/json" },
      });
      const told = await answer.json();
      if (answer.ok) {
        showPieces(told.pieces);
        toast(text("added-text"), { href: document.querySelector(".cart-link").href, label: text("to-cart-text") });
      } else if (form.querySelector("[name^='option.']")) {
        form.submit(); // the page says beside each field what is wrong with it
      } else {
        say(told.error ?? told.title);
      }
    } catch {
      form.submit();
    } finally {
      button.removeAttribute("aria-busy");
    }
  });

  function say(message) {
    problem.hidden = !message;
    problem.querySelector("span").textContent = message;
    quantity.toggleAttribute("aria-invalid", Boolean(message));
    if (message) {
      quantity.setAttribute("aria-invalid", "true");
      quantity.setAttribute("aria-describedby", problem.id);
    }
  }
}
