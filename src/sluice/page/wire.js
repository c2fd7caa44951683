// How the pages call the server: requests, refusals, cancelling. Knows no page.
// Addresses are relative, so that the server may live below a path of a proxy's.

// The second tells the server that a page of its own asks, where a cookie says who.
const HEADERS = { "Content-Type": "application/json", "X-Sluice-Request": "page" };

/** POST a JSON document, on behalf of an account if there is one. Rejects as `fetch` does. */
export async function post(path, body, { account, signal } = {}) {
  const headers = { ...HEADERS, ...(await account?.headers()) };
  return fetch(path, { method: "POST", headers, body: JSON.stringify(body), signal });
}

/** What a response that is not 2xx says: `{code, text, raw}`, whichever dialect words it. */
export async function refusal(response) {
  const raw = await response.text();
  const body = parse(raw) ?? {};
  const detail = body.detail ?? body.error ?? body.message ?? response.statusText;
  const text = Array.isArray(detail) ? detail.map(complaint).join("; ") : String(detail);
  return { code: `${response.status} ${body.code ?? ""}`.trim(), text, raw };
}

function complaint({ loc = [], msg = "" }) {
  const field = loc.filter((part) => part !== "body" && part !== "query").join(".") || loc.at(-1);
  return field && field !== "body" ? `${field}: ${msg}` : msg;
}

/** End a run. Resolves to the receipt as text, or to null where the server would not. */
export async function cancel(run, account) {
  if (!run) return null;
  try {
    const response = await post(`api/v1/runs/${encodeURIComponent(run)}/cancel`, {}, { account });
    return response.ok ? await response.text() : null;
  } catch {
    return null;
  }
}

/** A JSON document's value, or undefined. */
export function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The run's id in an event's: `run:seq`. */
export function runOf(eventId) {
  return eventId.slice(0, Math.max(0, eventId.lastIndexOf(":")));
}

/** What went wrong with a `fetch` that rejected. */
export function trouble(problem) {
  return problem.name === "AbortError"
    ? null
    : { code: "connection", text: "The server cannot be reached, or the connection broke off." };
}
