// Checkout: fee, date and total follow the country and the delivery; the card goes to the gateway, its token to us.

import { readCard, tokenFor } from "./card.js";

const form = document.getElementById("checkout");
const pay = () => document.getElementById("pay");

// --- what follows from the address ---------------------------------------------------------------

let latest = 0;

// The page as the server sees it with what is filled in, the card apart; null when it has become another page.
async function ask(what) {
  const wanted = new URLSearchParams(new FormData(form));
  wanted.set(what, "yes");
  wanted.delete("card_token");
  const answer = await fetch(form.action, { method: "POST", body: wanted, headers: { Accept: "text/html" } });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (answer.redirected || !fresh.getElementById("summary")) {
    location.reload();
    return null;
  }
  return fresh;
}

async function recalculate(part) {
  const turn = ++latest;
  const fresh = await ask("update");
  if (fresh && turn === latest) {
    replace("delivery", fresh);
    if (part === "payment") {
      replace("payment", fresh);
    }
    replace("summary", fresh);
    const said = document.getElementById("recalculated");
    said.textContent = said.dataset.text.replace("{amount}", document.querySelector("[data-total]").textContent);
  }
}

// Everything but the card, before the card is asked about: so nobody has to type its number twice.
async function allIsWell() {
  const fresh = await ask("check");
  if (!fresh) {
    return false;
  }
  for (const part of ["checkout-said", "contact", "address", "delivery", "summary"]) {
    replace(part, fresh);
  }
  const complaint = document.querySelector("#checkout-said [data-focus]");
  complaint?.focus();
  return !complaint;
}

function replace(id, fresh) {
  const focused = document.activeElement;
  const chosen = focused?.type === "radio" && document.getElementById(id).contains(focused) ? focused.value : null;
  document.getElementById(id).replaceWith(document.adoptNode(fresh.getElementById(id)));
  if (chosen) {
    form.querySelector(`input[type=radio][value="${CSS.escape(chosen)}"]`)?.focus();
  }
}

form.addEventListener("change", (event) => {
  const part = event.target.closest("[data-recalculates]");
  if (part) {
    recalculate(waysToPayMayChange(event.target) ? "payment" : part.dataset.recalculates);
  }
});

// A delivery or a country may offer other ways to pay; the card's fields are left alone while nothing is in them.
function waysToPayMayChange(field) {
  const typed = [...form.querySelectorAll("[data-card]")].some((input) => input.value);
  return field.name !== "payment_method" && !typed;
}

// --- the card --------------------------------------------------------------------------------------

// The section of the payment is replaced as a whole: what stands in it is looked up each time.
const problem = () => document.getElementById("card-error");
const cardField = (part) => form.querySelector(`[data-card="${part}"]`);

function complain(reason, part, lead = true) {
  if (!problem()) {
    return;
  }
  problem().hidden = !reason;
  problem().querySelector("span").textContent = reason ? problem().dataset[reason] : "";
  for (const field of form.querySelectorAll("[data-card]")) {
    field.removeAttribute("aria-invalid");
  }
  if (part) {
    cardField(part).setAttribute("aria-invalid", "true");
    if (lead) {
      cardField(part).focus();
    }
  }
}

form.addEventListener("input", ({ target, inputType }) => {
  if (target.dataset.card === "number" && target.selectionStart === target.value.length) {
    target.value = target.value
      .replace(/\D/g, "")
      .slice(0, 19)
      .replace(/(.{4})(?=.)/g, "$1 ");
  }
  if (target.dataset.card === "expiry") {
    const digits = target.value.replace(/\D/g, "");
    if (!inputType?.startsWith("delete") && digits.length >= 2 && digits.length <= 4) {
      target.value = `${digits.slice(0, 2)}/${digits.slice(2)}`;
    }
  }
});

function busy(is) {
  const button = pay();
  if (is) {
    button.dataset.says ??= button.textContent;
    button.textContent = button.dataset.busy;
    button.setAttribute("aria-busy", "true");
  } else {
    button.textContent = button.dataset.says ?? button.textContent;
    button.removeAttribute("aria-busy");
  }
}

// Past this page's own checks, which have been made.
function submitOrder() {
  form.submit();
}

// In the capture phase, before page.js counts the submit as sent.
form.addEventListener(
  "submit",
  async (event) => {
    event.preventDefault();
    if (pay().getAttribute("aria-busy") === "true") {
      return;
    }
    if (event.submitter?.name !== "order") {
      recalculate();
      return;
    }
    const kept = form.querySelector("input[name=card_id]:checked")?.value;
    const byCard = !kept && cardField("number") !== null;
    const card = byCard ? readCard(cardField("number").value, cardField("expiry").value, cardField("cvc").value) : {};
    complain("");
    busy(true);
    const well = await allIsWell();
    if (card.wrong || !well) {
      busy(false);
      complain(card.wrong, card.wrong, well);
      return;
    }
    busy(true);
    if (!byCard) {
      submitOrder();
      return;
    }
    const { token, reason, part } = await tokenFor(form.dataset.tokens, card);
    if (!token) {
      busy(false);
      complain(reason, part);
      return;
    }
    form.elements.card_token.value = token;
    submitOrder();
  },
  { capture: true },
);

window.addEventListener("pageshow", (event) => {
  if (event.persisted) {
    form.elements.card_token.value = "";
    busy(false);
  }
});
