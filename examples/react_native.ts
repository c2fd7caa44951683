// Interactions of the study assistant's API in React Native, without a package.
//
// React Native's `fetch` hands over an answer only when all of it is there: `response.body` is
// undefined. Its `EventSource` packages send no body with a POST, or not with every version. Its
// XMLHttpRequest does stream: once somebody listens for progress, `responseText` grows as the text
// arrives, on iOS and on Android. (Expo's `expo/fetch` has a `response.body`: with it the reader in
// `interactions.ts` works as it stands.)
//
//   const stop = streamConversation(server, token, { message: "What is a sluice?" }, {
//     onToken: (text) => setReply((reply) => reply + text),
//     onComplete: ({ points_cost }) => setCost(points_cost),
//     onError: ({ code, error }) => Alert.alert(code, error),
//   });
//   useEffect(() => stop, []);  // leaving the screen closes the connection

export interface Question {
  message: string;
  interaction_id?: string | null;
  media_files?: { id?: string; url?: string }[];
  max_tokens?: number;
  model?: string;
}

export interface Metadata {
  interaction_id: string;
  is_new_interaction: boolean;
  user_id: string;
}

export interface Complete {
  content: string;
  tokens_used: number;
  points_cost: number;
  finish_reason: string;
  cached: boolean;
  model: string;
}

export interface Problem {
  code: string;
  error: string;
}

export interface Handlers {
  onMetadata?: (metadata: Metadata) => void;
  onToken?: (text: string) => void;
  onComplete?: (complete: Complete) => void;
  onError?: (problem: Problem) => void;
}

/** Say something, and hear the reply as it arrives. Returns what stops it; then nothing follows. */
export function streamConversation(
  server: string,
  token: string,
  question: Question,
  handlers: Handlers,
): () => void {
  const request = new XMLHttpRequest();
  let read = 0; // how much of the text has been looked at
  let over = false; // the last event has come, or the stream was stopped

  function fail(problem: Problem): void {
    over = true;
    handlers.onError?.(problem);
  }

  function hear(event: any): void {
    if (event.type === "metadata") handlers.onMetadata?.(event);
    if (event.type === "token") handlers.onToken?.(event.content);
    if (event.type === "complete") {
      over = true;
      handlers.onComplete?.(event);
    }
    if (event.type === "error") fail(event);
  }

  // An event ends with a blank line: what comes after the last one is half of the next.
  function look(): void {
    if (over || request.status !== 200) return;
    const end = request.responseText.lastIndexOf("\n\n");
    if (end < read) return;
    const text = request.responseText.slice(read, end);
    read = end + 2;
    for (const line of text.split("\n")) {
      if (line.startsWith("data: ") && !over) hear(JSON.parse(line.slice(6)));
    }
  }

  function finish(): void {
    look();
    if (over) return;
    if (request.status === 200) fail({ code: "cut_off", error: "The stream was cut off." });
    else fail(refusal(request.responseText));
  }

  request.open("POST", `${server}/api/stream/stream-conversation`);
  request.setRequestHeader("Content-Type", "application/json");
  request.setRequestHeader("Authorization", `Bearer ${token}`);
  request.onprogress = look; // without a listener for it, the text comes all at once
  request.onload = finish;
  request.onerror = () => {
    if (!over) fail({ code: "unreachable", error: "The connection was lost." });
  };
  request.send(JSON.stringify(question));
  return () => {
    over = true;
    request.abort();
  };
}

function refusal(text: string): Problem {
  try {
    const { code, detail } = JSON.parse(text);
    return { code, error: detail };
  } catch {
    return { code: "unreachable", error: "The server did not answer as one of ours." };
  }
}
