// A text is checked while one types, and the tree beside it is drawn anew. Without this, saving does it.

const QUIET = 400;
let waiting;
let asked;

async function check(form) {
  asked?.abort();
  asked = new AbortController();
  const fields = new URLSearchParams(new FormData(form));
  try {
    const answer = await fetch(form.dataset.check, { method: "POST", body: fields, signal: asked.signal });
    if (!answer.ok) {
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("beside");
    const old = document.getElementById("beside");
    if (fresh && old) {
      old.replaceWith(fresh);
    }
  } catch (error) {
    if (error.name !== "AbortError") {
      throw error;
    }
  }
}

function toLine(text, line) {
  const lines = text.value.split("\n");
  const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
  text.focus();
  text.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
  text.scrollTop = (text.scrollHeight / lines.length) * Math.max(0, line - 5);
}

document.addEventListener("input", (event) => {
  const form = event.target.closest("[data-text-editor]");
  if (form && event.target.name === "source") {
    clearTimeout(waiting);
    waiting = setTimeout(() => check(form), QUIET);
  }
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-line]");
  const text = document.getElementById("source");
  if (link && text) {
    event.preventDefault();
    toLine(text, Number(link.dataset.line));
  }
});
