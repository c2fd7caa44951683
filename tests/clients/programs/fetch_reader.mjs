// A reader as many are written: each read is decoded and split at newlines by itself, and nothing
// is kept from one to the next. A line that is cut in two makes `JSON.parse` throw.
//
//   node fetch_reader.mjs URL BODY
//
// Writes the text as it comes, and the last event as JSON to standard error.
const [url, body] = process.argv.slice(2);

const response = await fetch(url, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body,
});
const reader = response.body.getReader();
const decoder = new TextDecoder();
let last = null;

while (true) {
  const { done, value } = await reader.read();
  if (done) break;
  const lines = decoder.decode(value).split("\n");
  for (const line of lines) {
    if (!line.startsWith("data: ")) continue;
    const data = line.slice(6);
    if (data === "[DONE]") continue;
    const event = JSON.parse(data);
    if (event.chunk) process.stdout.write(event.chunk);
    last = event;
  }
}
process.stderr.write(JSON.stringify(last));
