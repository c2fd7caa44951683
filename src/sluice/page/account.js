// Who is signed in on a page: the box to do it with, and what requests carry for it. The tokens
// are kept in memory only: whoever leaves or reloads the page is signed out. Whoever is signed in on
// the chat page is so here, too, by its cookie, which requests carry anyway.

import { make } from "./answer.js";
import { welcome } from "./health.js";
import { post, refusal, trouble } from "./wire.js";

const EARLY = 30_000; // ms before its end at which an access token is renewed
const NEEDED = "This server answers only those who have signed in.";

export class Account {
  #grant = null;
  #until = 0; // when the access token is to be renewed, as `Date.now()` counts
  #guest = null; // the name of whoever the cookie speaks for
  #coming = null; // a grant on its way: one for all, as a refresh token that is used twice is lost
  #name = make("input", { name: "username", autocomplete: "username", autocapitalize: "off", spellcheck: "false" });
  #password = make("input", { name: "password", type: "password", autocomplete: "current-password" });
  #said = make("p", { class: "hint", role: "status" });
  #box;
  #leave = make("button", { type: "button", class: "quiet" }, "Sign out");

  /** A box in `host`, which opens by itself where the server wants to know who asks. */
  constructor(host) {
    // Made here: a form that stands in the page would put the password into the address, should
    // its script not be there.
    const form = make("form", { class: "ask", novalidate: "" });
    form.append(
      make("label", { class: "field" }, "Name or e-mail", this.#name),
      make("label", { class: "field" }, "Password", this.#password),
      make("button", { type: "submit", class: "main" }, "Sign in"),
    );
    this.#box = make("details", {}, make("summary", {}, "Sign in"), form);
    host.append(this.#box, this.#said, this.#leave);
    this.#show("");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#await(this.#signIn());
    });
    this.#leave.addEventListener("click", () => this.#signOut());
    this.#look();
  }

  /** What a request carries to say who asks; nothing while nobody is signed in. */
  async headers() {
    if (this.#grant && Date.now() > this.#until && !this.#coming) this.#await(this.#renew());
    await this.#coming;
    return this.#grant ? { Authorization: `Bearer ${this.#grant.access_token}` } : {};
  }

  /** Query parameters that say it, for what can carry no header. They are good for one use. */
  async ticket() {
    if (!("Authorization" in (await this.headers()))) return {};
    const response = await post("api/v1/auth/ticket", undefined, { account: this });
    return response.ok ? await response.json() : {};
  }

  async #look() {
    const guest = await cookieHolder();
    const closed = !guest && !(await welcome());
    if (this.#grant || this.#coming) return;
    this.#guest = guest;
    this.#box.open = closed;
    if (guest) this.#show(`Signed in as ${guest}, on the chat page.`);
    else if (closed) this.#show(NEEDED);
  }

  #await(grant) {
    const coming = grant.finally(() => {
      if (this.#coming === coming) this.#coming = null;
    });
    this.#coming = coming;
  }

  async #signIn() {
    const given = { username: this.#name.value.trim(), password: this.#password.value };
    this.#show("…");
    const problem = await this.#take("api/v1/auth/login", given);
    this.#password.value = "";
    this.#show(problem ?? `Signed in as ${given.username}.`);
  }

  async #signOut() {
    const leaving = post("api/v1/auth/logout", undefined, { account: this });
    await leaving.catch(() => {}); // it is forgotten here in any case
    this.#grant = null;
    this.#show("");
  }

  async #renew() {
    const problem = await this.#take("api/v1/auth/refresh", { refresh_token: this.#grant.refresh_token });
    if (problem) this.#show(this.#grant ? problem : `Signed out: ${problem}`);
  }

  /** Get tokens. Resolves to what stood in the way, if anything did. */
  async #take(path, given) {
    try {
      const response = await post(path, given);
      if (response.status === 401) this.#grant = null;
      if (!response.ok) return (await refusal(response)).text;
      this.#grant = await response.json();
      this.#until = Date.now() + this.#grant.expires_in * 1000 - EARLY;
      return null;
    } catch (problem) {
      return trouble(problem).text;
    }
  }

  #show(text) {
    const known = this.#grant !== null;
    const focused = this.#box.contains(document.activeElement);
    this.#box.hidden = known || this.#guest !== null;
    this.#leave.hidden = !known;
    this.#said.textContent = text;
    if (known && focused) this.#leave.focus();
  }
}

/** The name of who is signed in on the chat page, or null. */
async function cookieHolder() {
  const response = await fetch("api/v1/auth/session").catch(() => null);
  if (response?.ok) return (await response.json()).username;
  await response?.text(); // a body that nobody reads keeps its connection
  return null;
}
