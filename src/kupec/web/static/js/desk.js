// The desk: live parts, rows that open beside their list, and the keyboard. The pages work without it.

import { listen } from "./desk-live.js";
import { watchKeys } from "./desk-keys.js";
import { watchRows } from "./desk-panes.js";

watchRows();
watchKeys();
listen();

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) {
    window.print();
  }
  // Buttons name the dialog they open or close (command, commandfor); older browsers are helped.
  const button = event.target.closest("button[commandfor]");
  if (button && !("command" in HTMLButtonElement.prototype)) {
    const dialog = document.getElementById(button.getAttribute("commandfor"));
    button.getAttribute("command") === "close" ? dialog?.close() : dialog?.showModal();
  }
  // A menu closes when something else is clicked.
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) {
      menu.open = false;
    }
  }
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-choose-all]")) {
    for (const box of event.target.closest("table").querySelectorAll("tbody input[type=checkbox]")) {
      box.checked = event.target.checked;
    }
  }
});

// A dialog whose form was refused comes back open.
for (const form of document.querySelectorAll("[data-open-dialog]")) {
  document.getElementById(form.dataset.openDialog)?.showModal();
}
