// The class of `examples/interactions.ts`: says things in one interaction, and prints every event on
// a line of its own; what it throws as `{"code": …}`.
//
//   node interaction_module.mjs MODULE SERVER TOKEN MESSAGE=MODEL…
const [module, server, token, ...said] = process.argv.slice(2);
const { Assistant } = await import(module);

const assistant = new Assistant(server, token);
for (const [message, model] of said.map((one) => one.split(/=(.*)/s))) {
  try {
    for await (const event of assistant.say(message, { model })) {
      process.stdout.write(`${JSON.stringify(event)}\n`);
    }
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ code: error.code, error: error.message })}\n`);
  }
}
