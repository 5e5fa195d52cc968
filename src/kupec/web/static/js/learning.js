// The review of suggestions by keyboard: a approves, e edits, d dismisses, ? tells the keys. j k o are those of every list.

document.addEventListener(
  "keydown",
  (event) => {
    if (event.isComposing || event.metaKey || event.ctrlKey || event.altKey || document.querySelector("dialog[open]")) {
      return;
    }
    if (event.target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]")) {
      return;
    }
    const button = /^[aed]$/.test(event.key) && document.querySelector(`#review [data-key="${event.key}"]`);
    if (button) {
      event.preventDefault();
      event.stopPropagation();
      // A key that is held down must not approve the next suggestion unseen.
      if (!event.repeat) {
        button.click();
      }
    } else if (event.key === "?") {
      event.preventDefault();
      event.stopPropagation();
      document.getElementById("learning-keys")?.showModal();
    }
  },
  true,
);

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-edit]")) {
    const kind = document.querySelector("#review [name=kind]:checked")?.value;
    const first = { article: "[name^='answer.']", intent: "#flow" }[kind] ?? "[data-first]";
    const field = document.querySelector(`#review ${first}`);
    field?.focus();
    field?.scrollIntoView({ block: "center" });
  }
});

// Who types a name means it: the choice above the field follows.
document.addEventListener("input", (event) => {
  if (event.target.id === "target" && event.target.value) {
    const other = document.querySelector("#review [name=near][value='']");
    if (other) {
      other.checked = true;
    }
  }
});
