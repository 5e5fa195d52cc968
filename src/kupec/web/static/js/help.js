// "Write to us" opens the chat where there is one; without it the link leads to the contact page.

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("[data-open-chat]");
  const chat = document.querySelector("kupec-chat");
  if (link && chat?.show && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    chat.show();
  }
});
