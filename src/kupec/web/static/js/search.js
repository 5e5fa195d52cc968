// Suggestions under the search field: a listbox steered from the field, as ARIA's combobox wants it.

const PAUSE = 150;

const form = document.querySelector("[data-suggest]");
if (form) {
  const field = form.querySelector("input");
  const panel = form.querySelector(".suggestions");
  let waiting = 0;
  let asked = null;

  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-expanded", "false");
  field.setAttribute("aria-controls", panel.id);

  const options = () => [...panel.querySelectorAll("[role=option]")];
  const active = () => options().findIndex((option) => option.getAttribute("aria-selected") === "true");

  function choose(index) {
    options().forEach((option, place) => option.setAttribute("aria-selected", String(place === index)));
    field.setAttribute("aria-activedescendant", options()[index]?.id ?? "");
  }

  function close() {
    panel.hidden = true;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  }

  async function ask() {
    asked?.abort();
    const typed = field.value.trim();
    if (typed.length < 2) {
      close();
      return;
    }
    asked = new AbortController();
    try {
      const address = `${form.dataset.suggest}?q=${encodeURIComponent(typed)}`;
      const answer = await fetch(address, { signal: asked.signal, headers: { Accept: "text/html" } });
      if (!answer.ok) {
        return;
      }
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      panel.replaceChildren(...fresh.body.childNodes);
      panel.hidden = false;
      field.setAttribute("aria-expanded", "true");
    } catch (error) {
      if (error.name !== "AbortError") {
        close();
      }
    }
  }

  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(ask, PAUSE);
  });
  field.addEventListener("keydown", (event) => {
    if (panel.hidden) {
      return;
    }
    const count = options().length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      choose((active() + step + count + (active() < 0 && step < 0 ? 1 : 0)) % count);
    } else if (event.key === "Escape") {
      event.preventDefault();
      close();
    } else if (event.key === "Enter" && active() >= 0) {
      event.preventDefault();
      options()[active()].click();
    }
  });
  form.addEventListener("focusout", (event) => {
    if (!form.contains(event.relatedTarget)) {
      close();
    }
  });
}
