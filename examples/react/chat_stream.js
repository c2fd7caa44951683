// The events of one answer of `/api/chat/stream`, one after another. Throws where it fails.
export async function* chatStream(server, question, signal) {
  const response = await fetch(`${server}/api/chat/stream`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ partial: false, ...question }),
    signal,
  });
  if (!response.ok) throw new Error((await response.json()).error);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (let read; !(read = await reader.read()).done; ) {
    text += read.value;
    const lines = text.split("\n");
    text = lines.pop(); // perhaps half a line
    for (const line of lines) {
      if (!line.startsWith("data: ")) continue;
      const event = JSON.parse(line.slice(6));
      if (event.error) throw new Error(`${event.code}: ${event.error}`);
      yield event;
    }
  }
}
