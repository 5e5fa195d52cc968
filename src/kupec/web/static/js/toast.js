// A sentence at the bottom of the page, read out politely, gone after a while.

const STAYS = 6000;

export function toast(text, { href, label } = {}) {
  const place = document.getElementById("toasts");
  const box = document.createElement("div");
  box.className = "toast";
  box.append(text);
  if (href) {
    const link = document.createElement("a");
    link.href = href;
    link.textContent = label;
    box.append(link);
  }
  place.replaceChildren(box);
  setTimeout(() => box.remove(), STAYS);
}
