// Filters of a list: one panel open at a time, closed by Escape or a click beside it; the button says how many remain.

const form = document.querySelector("[data-filters]");
if (form) {
  const panels = form.querySelectorAll("details");
  const buttons = form.querySelectorAll(".filter-show");
  const wide = matchMedia("(min-width: 48rem)");
  let asked;

  document.addEventListener("click", (event) => {
    for (const panel of panels) {
      if (wide.matches && panel.open && !panel.contains(event.target)) {
        panel.open = false;
      }
    }
  });

  form.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && event.target.closest("details[open]");
    if (open) {
      open.open = false;
      open.querySelector("summary").focus();
    }
  });

  // The page with these filters knows how many products there are.
  form.addEventListener("change", async () => {
    asked?.abort();
    asked = new AbortController();
    const address = `${form.action}?${new URLSearchParams(new FormData(form))}`;
    try {
      const answer = await fetch(address, { signal: asked.signal, headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const shows = page.querySelector("[data-filters]")?.dataset.shows;
      if (shows) {
        buttons.forEach((button) => {
          button.textContent = shows;
        });
      }
    } catch (error) {
      if (error.name !== "AbortError") {
        throw error;
      }
    }
  });
}
