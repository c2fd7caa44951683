// Who answers, and whom: what `GET /health` says of the providers, the notice that the pages make
// of it, and whether strangers are welcome.

const DEMO =
  "No provider is configured on this server, so the demo model answers every question, whatever " +
  "model or provider is asked for.";
const SILENT = "The server does not answer GET /health, so nothing is known of its providers.";

/** The providers by name: `{configured, state}`; null where the server does not say. */
export async function providers() {
  try {
    const response = await fetch("health");
    return response.ok ? ((await response.json()).providers ?? null) : null;
  } catch {
    return null;
  }
}

/** Whether the server answers those who have not signed in; so far as can be known. */
export async function welcome() {
  const response = await fetch("api/v1/models").catch(() => null);
  await response?.text(); // a body that nobody reads keeps its connection
  return response?.status !== 401;
}

/** Say plainly on the page who answers, where that is not what a person would expect. */
export function announce(known, notice) {
  const real = Object.entries(known ?? {}).filter(([name, { configured }]) => name !== "demo" && configured);
  notice.textContent = known === null ? SILENT : real.length ? "" : DEMO;
  notice.hidden = notice.textContent === "";
}
