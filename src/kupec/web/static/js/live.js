// One stream of server-sent events a page. The browser reconnects by itself; after a gap the page asks anew.

export function follow(address, onEvent) {
  const stream = new EventSource(address);
  let broken = false;
  stream.addEventListener("open", () => {
    if (broken) {
      broken = false;
      onEvent({ type: "reconnected" });
    }
  });
  stream.addEventListener("error", () => {
    broken = true;
  });
  stream.addEventListener("message", (message) => onEvent(JSON.parse(message.data)));
  window.addEventListener("pagehide", () => stream.close());
  return stream;
}

// Fetch this page again and put its part `selector` in the place of ours.
export async function refresh(selector, address = location.href) {
  const answer = await fetch(address, { headers: { Accept: "text/html" } });
  if (!answer.ok) {
    return false;
  }
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(selector);
  const ours = document.querySelector(selector);
  if (fresh && ours) {
    ours.replaceWith(document.adoptNode(fresh));
  }
  return Boolean(fresh);
}
