// A card's number, date and code, checked as far as a browser can, and exchanged for a token at the gateway.

function luhn(digits) {
  let sum = 0;
  [...digits].reverse().forEach((digit, place) => {
    const value = Number(digit) * (place % 2 ? 2 : 1);
    sum += value > 9 ? value - 9 : value;
  });
  return sum % 10 === 0;
}

export function readCard(number, expiry, cvc) {
  const digits = number.replace(/\D/g, "");
  if (digits.length < 12 || digits.length > 19 || !luhn(digits)) {
    return { wrong: "number" };
  }
  const [, month, year] = expiry.match(/^\s*(\d{1,2})\s*\/?\s*(\d{2}|\d{4})\s*$/) ?? [];
  const full = year?.length === 2 ? 2000 + Number(year) : Number(year);
  const now = new Date();
  const over = full * 12 + Number(month) <= now.getFullYear() * 12 + now.getMonth();
  if (!month || Number(month) < 1 || Number(month) > 12 || over) {
    return { wrong: "expiry" };
  }
  if (!/^\d{3,4}$/.test(cvc.trim())) {
    return { wrong: "cvc" };
  }
  return { number: digits, exp_month: Number(month), exp_year: full, cvc: cvc.trim() };
}

const PARTS = { number: "number", exp_month: "expiry", exp_year: "expiry", cvc: "cvc" };

// {token}, or {reason, part}: what to say, and beside which field.
export async function tokenFor(address, card) {
  try {
    const answer = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      credentials: "omit",
      referrerPolicy: "no-referrer",
      body: JSON.stringify(card),
    });
    if (answer.status >= 500) {
      return { reason: "unreachable" };
    }
    const told = await answer.json();
    if (answer.ok) {
      return { token: told.token };
    }
    const part = PARTS[told.error?.field] ?? "number";
    return { reason: part === "number" ? "refused" : part, part };
  } catch {
    return { reason: "unreachable" };
  }
}
