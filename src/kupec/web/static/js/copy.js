// A figure to be typed into a bank's page is copied with one press. Without a clipboard the buttons stay away.

const said = new WeakMap();

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) {
    return;
  }
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    return;
  }
  const label = button.querySelector("span");
  clearTimeout(said.get(button)?.timer);
  const before = said.get(button)?.before ?? label.textContent;
  label.textContent = button.dataset.copied;
  label.classList.remove("visually-hidden");
  const timer = setTimeout(() => {
    label.textContent = before;
    label.classList.add("visually-hidden");
  }, 2000);
  said.set(button, { before, timer });
});
