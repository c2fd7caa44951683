// A subscription by the client of the package `graphql-ws`, over Node's own WebSocket.
//
//   node graphql_ws.mjs MODULE URL TOKEN DOCUMENT VARIABLES [LEAVE_AFTER]
//
// Prints each result on a line of its own, and at the end `{"closed": code}` where the server has
// closed the connection, `{"refused": errors}`, or `{"over": true}`. LEAVE_AFTER: unsubscribes
// after so many results.
const [module, url, token, query, variables, leaveAfter] = process.argv.slice(2);
const { createClient } = await import(module);

const print = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const client = createClient({
  url,
  connectionParams: token ? { Authorization: `Bearer ${token}` } : undefined,
  retryAttempts: 0,
});
const results = client.iterate({ query, variables: JSON.parse(variables) });
let heard = 0;
try {
  for await (const result of results) {
    print(result);
    heard += 1;
    if (heard === Number(leaveAfter)) break;
  }
  print({ over: true });
} catch (problem) {
  print(Array.isArray(problem) ? { refused: problem } : { closed: problem.code });
}
await client.dispose();
