// A segment's count follows what is chosen. Without this the button Count does it.

const form = document.querySelector("[data-segment]");
const QUIET = 400;
let waiting;
let asked;

async function count() {
  asked?.abort();
  asked = new AbortController();
  const fields = new URLSearchParams(new FormData(form));
  fields.set("action", "count");
  try {
    const answer = await fetch(form.action, { method: "POST", body: fields, signal: asked.signal });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("segment-fit");
    if (fresh) {
      document.getElementById("segment-fit").replaceWith(fresh);
    }
  } catch (error) {
    if (error.name !== "AbortError") {
      throw error;
    }
  }
}

form?.addEventListener("input", (event) => {
  if (event.target.closest(".condition") || event.target.name === "match") {
    clearTimeout(waiting);
    waiting = setTimeout(count, QUIET);
  }
});
