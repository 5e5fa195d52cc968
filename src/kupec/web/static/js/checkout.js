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

async function recalculate() {
  const turn = ++latest;
  const fresh = await ask("update");
  if (fresh && turn === latest) {
    replace("delivery", fresh);
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
  if (event.target.closest("[data-recalculates]")) {
    recalculate();
  }
});

// --- the card --------------------------------------------------------------------------------------

const problem = document.getElementById("card-error");
const cardField = (part) => form.querySelector(`[data-card="${part}"]`);

function complain(reason, part, lead = true) {
  problem.hidden = !reason;
  problem.querySelector("span").textContent = reason ? problem.dataset[reason] : "";
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

cardField("number").addEventListener("input", ({ target }) => {
  if (target.selectionStart === target.value.length) {
    target.value = target.value
      .replace(/\D/g, "")
      .slice(0, 19)
      .replace(/(.{4})(?=.)/g, "$1 ");
  }
});
cardField("expiry").addEventListener("input", ({ target, inputType }) => {
  const digits = target.value.replace(/\D/g, "");
  if (!inputType?.startsWith("delete") && digits.length >= 2 && digits.length <= 4) {
    target.value = `${digits.slice(0, 2)}/${digits.slice(2)}`;
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
    const card = readCard(cardField("number").value, cardField("expiry").value, cardField("cvc").value);
    complain("");
    busy(true);
    const well = await allIsWell();
    if (card.wrong || !well) {
      busy(false);
      complain(card.wrong, card.wrong, well);
      return;
    }
    busy(true);
    const { token, reason, part } = await tokenFor(form.dataset.tokens, card);
    if (!token) {
      busy(false);
      complain(reason, part);
      return;
    }
    form.elements.card_token.value = token;
    form.submit();
  },
  { capture: true },
);

window.addEventListener("pageshow", (event) => {
  if (event.persisted) {
    form.elements.card_token.value = "";
    busy(false);
  }
});
