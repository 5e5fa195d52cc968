// The conversation: what was said, what waits to be sent, and the stream that goes on where it broke.

const FIRST_PAUSE = 800;
const LONGEST_PAUSE = 20000;
const SILENCE = 45000;

const sleep = (time) => new Promise((resolve) => setTimeout(resolve, time));

export class Talk {
  // `tell(what, data)` hears of: messages, state, typing, line, known, cart.
  constructor(base, language, tell) {
    this.base = base;
    this.language = language;
    this.tell = tell;
    this.key = `kupec-chat ${this.base}`;
    this.messages = new Map();
    this.at = {};
    this.state = {};
    this.greeting = [];
    this.outbox = [];
    this.began = null;
    this.load();
  }

  load() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.key) ?? "{}");
      this.token = typeof kept.token === "string" ? kept.token : "";
      this.outbox = Array.isArray(kept.outbox) ? kept.outbox : [];
    } catch {
      this.token = "";
    }
  }

  save() {
    try {
      const outbox = this.outbox.filter((item) => !item.file && !item.done);
      localStorage.setItem(this.key, JSON.stringify({ token: this.token, outbox }));
    } catch {
      // Storage may be closed to us; then the conversation lasts as long as the page.
    }
  }

  async call(method, path, body, headers = {}) {
    const raw = body instanceof Blob;
    const answer = await fetch(this.base + path, {
      method,
      body: body === undefined || raw ? body : JSON.stringify(body),
      headers: {
        ...(this.token ? { Authorization: `Bearer ${this.token}` } : {}),
        ...(body === undefined || raw ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      cache: "no-store",
    });
    const told = answer.status === 204 ? {} : await answer.json().catch(() => ({}));
    if (!answer.ok) {
      throw Object.assign(new Error(told.title), { status: answer.status });
    }
    return told;
  }

  // Begin, or go on: everything so far, once a page.
  begin() {
    this.began ??= this.open().catch((error) => {
      this.began = null;
      throw error;
    });
    return this.began;
  }

  async open() {
    let told;
    try {
      told = await this.call("POST", "/session", { language: this.language });
    } catch (error) {
      if (error.status !== 401) {
        throw error;
      }
      this.token = "";
      told = await this.call("POST", "/session", { language: this.language });
    }
    this.take(told);
    this.flush();
  }

  take(told) {
    if (told.token !== this.token) {
      this.messages.clear();
    }
    this.token = told.token;
    this.at = told.at;
    this.state = told.state;
    this.known = told.known;
    this.greeting = told.greeting;
    this.save();
    told.messages.forEach((message) => this.keep(message));
    this.tell("known");
    this.tell("messages");
    this.tell("state");
  }

  keep(message) {
    const [talk, number] = message.at;
    this.at[talk] = Math.max(this.at[talk] ?? 0, number);
    this.messages.set(message.id, message);
    if (message.source) {
      this.outbox = this.outbox.filter((item) => item.id !== message.source);
      this.save();
    }
  }

  get sorted() {
    return [...this.messages.values()].sort((a, b) => a.at[0] - b.at[0] || a.at[1] - b.at[1]);
  }

  // --- saying ---

  say(item) {
    const id = [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    this.outbox.push({ id, ...item });
    this.save();
    this.tell("messages");
    this.begin().then(() => this.flush(), () => this.tell("line", "error"));
  }

  again(item) {
    delete item.failed;
    this.tell("messages");
    this.flush();
  }

  // One after the other, each until it is stored: so they keep their order, and none is lost or said twice.
  async flush() {
    if (this.flushing) {
      return;
    }
    this.flushing = true;
    let pause = FIRST_PAUSE;
    for (let item; (item = this.outbox.find((one) => !one.done && !one.failed)); ) {
      try {
        await this.deliver(item);
        item.done = true;
        pause = FIRST_PAUSE;
        this.follow();
      } catch (error) {
        if (error.status === 401) {
          this.token = "";
          await this.open().catch(() => {});
        } else if (error.status >= 400 && error.status < 500 && error.status !== 429) {
          item.failed = error.message || true;
        } else {
          await Promise.race([sleep(pause), this.online()]);
          pause = Math.min(pause * 2, LONGEST_PAUSE);
        }
      }
      this.save();
      this.tell("messages");
    }
    this.flushing = false;
  }

  deliver(item) {
    if (item.file) {
      const headers = { "X-File-Name": encodeURIComponent(item.file.name), "X-Message-Id": item.id };
      return this.call("POST", "/files", item.file, { "Content-Type": item.file.type || "application/octet-stream", ...headers });
    }
    if (item.person) {
      return this.call("POST", "/person", { id: item.id, language: this.language });
    }
    return this.call("POST", "/messages", { id: item.id, text: item.text, choice: item.choice ?? null, language: this.language });
  }

  online() {
    return new Promise((resolve) => window.addEventListener("online", resolve, { once: true }));
  }

  quietly(path, body) {
    this.call("POST", path, body).catch(() => {});
  }

  // --- hearing ---

  async follow() {
    if (this.following) {
      return;
    }
    const stop = (this.following = new AbortController());
    let pause = FIRST_PAUSE;
    let misses = 0;
    while (!stop.signal.aborted) {
      try {
        await this.begin();
        await this.listen(stop.signal, () => {
          misses = 0;
          pause = FIRST_PAUSE;
          this.tell("line", "");
        });
      } catch (error) {
        if (error.status === 401) {
          this.began = null;
        }
        misses += 1;
      }
      if (stop.signal.aborted) {
        return;
      }
      if (misses > 1) {
        this.tell("line", navigator.onLine ? "reconnecting" : "offline");
      }
      await Promise.race([sleep(pause * (0.5 + Math.random())), this.online()]);
      pause = Math.min(pause * 2, LONGEST_PAUSE);
    }
  }

  unfollow() {
    this.following?.abort();
    this.following = null;
  }

  // One stream until it breaks, or says nothing at all for too long.
  async listen(stopped, opened) {
    const one = new AbortController();
    const end = () => one.abort();
    stopped.addEventListener("abort", end);
    let watch = setTimeout(end, SILENCE);
    try {
      const position = Object.entries(this.at).map((step) => step.join(".")).join(",");
      const answer = await fetch(`${this.base}/stream?language=${this.language}`, {
        headers: { Authorization: `Bearer ${this.token}`, "Last-Event-ID": position },
        signal: one.signal,
        cache: "no-store",
      });
      if (!answer.ok) {
        throw Object.assign(new Error(), { status: answer.status });
      }
      opened();
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (let part; !(part = await reader.read()).done; ) {
        clearTimeout(watch);
        watch = setTimeout(end, SILENCE);
        const events = (text + part.value).split("\n\n");
        text = events.pop();
        events.forEach((event) => this.hear(event));
      }
    } finally {
      clearTimeout(watch);
      stopped.removeEventListener("abort", end);
    }
  }

  hear(event) {
    const fields = Object.fromEntries(event.split("\n").map((line) => line.split(/:\s?(.*)/s)));
    if (!fields.data) {
      return;
    }
    const told = JSON.parse(fields.data);
    for (const step of (fields.id ?? "").split(",").filter(Boolean)) {
      const [talk, number] = step.split(".");
      this.at[talk] = Math.max(this.at[talk] ?? 0, Number(number));
    }
    if (fields.event === "message") {
      const fresh = !this.messages.has(told.id);
      this.keep(told);
      this.tell("messages", fresh ? told : undefined);
    } else if (fields.event === "state") {
      this.state = told;
      this.tell("state");
    } else if (fields.event === "typing") {
      this.tell("typing", told.name);
    } else if (fields.event === "reset") {
      this.messages.clear();
      this.open().catch(() => {});
    }
  }
}
