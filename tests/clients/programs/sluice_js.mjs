// Reads one stream with `/sluice.js`, and prints what it hears, a JSON document a line:
// {state}, {run}, {id, data}, and in the end {ended}, {refused, code, message}, {lost} or {left}.
//
//   node sluice_js.mjs MODULE URL OPTIONS
//
// OPTIONS are those of `stream` in JSON; and also
//   after, act   after so many events: "abort", "break" or "cancel"; prints the {receipt}
//   login        {server, access_token, refresh_token}: headers that are a function, and renew
const [module, url, given] = process.argv.slice(2);
const { stream, cancel, Refused, Lost } = await import(module);
const { after, act, login, ...options } = JSON.parse(given);

const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const leaving = new AbortController();
let heard = 0;
let run = "";

async function renewed() {
  const response = await fetch(`${login.server}/api/v1/auth/refresh`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ refresh_token: login.refresh_token }),
  });
  Object.assign(login, await response.json());
  say({ renewed: response.status });
}

const headers = async (renew) => {
  if (renew) await renewed();
  return { Authorization: `Bearer ${login.access_token}` };
};

const acts = {
  abort: () => leaving.abort(),
  cancel: async () => {
    say({ receipt: await cancel(run, { server: new URL(url).origin, headers: options.headers }) });
  },
};

async function read() {
  const hooks = {
    signal: leaving.signal,
    onState: (state) => say({ state }),
    onRun: (id) => say({ run: (run = id) }),
    ...(login && { headers }),
  };
  for await (const { id, data } of stream(url, { ...options, ...hooks })) {
    say({ id, data });
    heard += 1;
    if (heard !== after) continue;
    if (act === "break") break;
    await acts[act]();
  }
  say({ ended: true });
}

await read().catch((problem) => {
  if (problem instanceof Refused) {
    say({ refused: problem.status, code: problem.code, message: problem.message });
  } else if (problem instanceof Lost) say({ lost: problem.message });
  else if (problem.name === "AbortError") say({ left: true });
  else throw problem;
});
