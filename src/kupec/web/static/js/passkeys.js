// Passkeys: the browser is asked, its answer goes with the form. Where it cannot, the form stays hidden.

const forms = document.querySelectorAll("form[data-passkey]");
if (window.PublicKeyCredential) {
  for (const form of forms) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      use(form);
    });
  }
  document.querySelectorAll(".no-passkeys").forEach((hint) => hint.remove());
}

async function use(form) {
  const button = form.querySelector("button");
  if (button.getAttribute("aria-busy")) {
    return;
  }
  button.setAttribute("aria-busy", "true");
  say(form, "");
  try {
    const answer = await fetch(form.dataset.options, {
      method: "POST",
      headers: { "X-Form-Token": form.elements.form_token.value, Accept: "application/json" },
    });
    const options = await answer.json();
    if (!answer.ok) {
      if (options.code === "confirm_first") {
        location.href = `/desk/account/confirm?next=${encodeURIComponent(location.pathname)}`;
        return;
      }
      if (options.code === "sign_in_again") {
        location.href = `${form.dataset.again}?again=1&next=${encodeURIComponent(location.pathname)}`;
        return;
      }
      say(form, options.code === "invalid_value" ? form.dataset.failed : (options.title ?? form.dataset.failed));
      return;
    }
    const made = form.dataset.passkey === "create" ? await create(options) : await get(options);
    form.elements.credential.value = JSON.stringify(made);
    form.submit();
  } catch (error) {
    say(form, (error.name === "InvalidStateError" && form.dataset.known) || form.dataset.failed);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

function say(form, text) {
  form.querySelector("[data-said]").textContent = text;
}

async function create(options) {
  const made = await navigator.credentials.create({
    publicKey: {
      ...options,
      challenge: bytes(options.challenge),
      user: { ...options.user, id: bytes(options.user.id) },
      excludeCredentials: known(options.excludeCredentials),
    },
  });
  return written(made, ["clientDataJSON", "attestationObject"]);
}

async function get(options) {
  const used = await navigator.credentials.get({
    publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: known(options.allowCredentials) },
  });
  return written(used, ["clientDataJSON", "authenticatorData", "signature", "userHandle"]);
}

function known(credentials = []) {
  return credentials.map((one) => ({ ...one, id: bytes(one.id) }));
}

function written(credential, parts) {
  const response = {};
  for (const part of parts) {
    if (credential.response[part]) {
      response[part] = text(credential.response[part]);
    }
  }
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response };
}

function bytes(base64url) {
  const binary = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

function text(buffer) {
  const binary = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
