// Asks a server every audit of the package `graphql-http`, as somebody who is signed in.
//
//   node graphql_audit.mjs MODULE URL TOKEN
//
// Prints each answer as `[status, name, reason]` on a line of its own.
const [module, url, token] = process.argv.slice(2);
const { auditServer } = (await import(module)).default;

const authorization = `Bearer ${token}`;
const fetchFn = (address, options = {}) =>
  fetch(address, { ...options, headers: { ...options.headers, authorization } });

for (const { status, name, reason } of await auditServer({ url, fetchFn })) {
  process.stdout.write(`${JSON.stringify([status, name, reason])}\n`);
}
