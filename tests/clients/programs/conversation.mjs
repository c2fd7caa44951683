// The module of `examples/` in Node: signs in, says two things in one conversation, and prints
// every event on a line of its own.
//
//   node conversation.mjs MODULE SERVER NAME PASSWORD
const [module, server, name, password] = process.argv.slice(2);
const { signIn } = await import(module);

const talk = await signIn(server, name, password);
for (const message of ["What is a sluice?", "And a lock?"]) {
  for await (const event of talk.say(message)) process.stdout.write(`${JSON.stringify(event)}\n`);
}
