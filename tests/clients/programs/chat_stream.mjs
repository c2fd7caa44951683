// Reads one answer with the reader of `examples/react`, and prints each event on a line of its own.
//
//   node chat_stream.mjs MODULE SERVER QUESTION
const [module, server, question] = process.argv.slice(2);
const { chatStream } = await import(module);

for await (const event of chatStream(server, JSON.parse(question))) {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}
