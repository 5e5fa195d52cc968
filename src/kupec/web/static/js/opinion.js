// Liking a product in place, and passing it on by what the device offers or by copying the link.

import { toast } from "./toast.js";

const like = document.querySelector("[data-like]");
like?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const answer = await post(like);
  if (answer?.ok) {
    const told = await answer.json();
    like.querySelector("button").setAttribute("aria-pressed", String(told.liked));
    like.querySelector("[data-likes]").textContent = told.likes || "";
  } else {
    like.submit();
  }
});

const share = document.querySelector("[data-share]");
share?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { title, link, copied } = share.dataset;
  try {
    if (navigator.share) {
      await navigator.share({ title, url: link });
      share.elements.way.value = "device";
    } else {
      await navigator.clipboard.writeText(link);
      share.elements.way.value = "link";
      toast(copied);
    }
  } catch (error) {
    // Somebody who has changed their mind has passed nothing on; where neither is allowed, the page shows the link.
    if (error.name !== "AbortError") {
      share.submit();
    }
    return;
  }
  await post(share);
});

async function post(form) {
  try {
    return await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form)),
      headers: { Accept: "application/json" },
    });
  } catch {
    return null;
  }
}
