// The class that web clients of this API have: callbacks, `fetch`, and a reader that decodes each
// read and splits it at newlines by itself, keeping nothing from one to the next.
//
//   node interaction_service.ts SERVER TOKEN BODY…
//
// Sends each body in turn, from the second on in the interaction of the first, and prints what its
// callbacks are told, as a JSON document a line.

interface StreamRequest {
  message: string;
  interaction_id?: string;
  media_files?: Array<{ id?: string; url?: string }>;
  max_tokens?: number;
}

interface StreamCallbacks {
  onMetadata?: (data: any) => void;
  onToken?: (content: string) => void;
  onComplete?: (data: any) => void;
  onError?: (error: string) => void;
}

class InteractionStreamService {
  private baseUrl: string;
  private token: string;

  constructor(baseUrl: string, token: string) {
    this.baseUrl = baseUrl;
    this.token = token;
  }

  async streamConversation(request: StreamRequest, callbacks: StreamCallbacks): Promise<void> {
    const response = await fetch(`${this.baseUrl}/api/stream/stream-conversation`, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Authorization: `Bearer ${this.token}`,
      },
      body: JSON.stringify(request),
    });

    if (!response.ok) {
      throw new Error(`HTTP error! status: ${response.status}`);
    }

    const reader = response.body?.getReader();
    if (!reader) throw new Error("No response body");
    const decoder = new TextDecoder();

    while (true) {
      const { done, value } = await reader.read();
      if (done) break;

      const chunk = decoder.decode(value);
      const lines = chunk.split("\n");

      for (const line of lines) {
        if (line.startsWith("data: ")) {
          const data = JSON.parse(line.slice(6));
          switch (data.type) {
            case "metadata":
              callbacks.onMetadata?.(data);
              break;
            case "token":
              callbacks.onToken?.(data.content);
              break;
            case "complete":
              callbacks.onComplete?.(data);
              break;
            case "error":
              callbacks.onError?.(data.error);
              break;
          }
        }
      }
    }
  }
}

const [server, token, ...bodies] = process.argv.slice(2);
const service = new InteractionStreamService(server, token);
let place: string | undefined;

function tell(name: string, told: unknown): void {
  process.stdout.write(`${JSON.stringify([name, told])}\n`);
}

for (const body of bodies) {
  await service
    .streamConversation(
      { interaction_id: place, ...JSON.parse(body) },
      {
        onMetadata: (data) => {
          place = data.interaction_id;
          tell("metadata", data);
        },
        onToken: (content) => tell("token", content),
        onComplete: (data) => tell("complete", data),
        onError: (error) => tell("error", error),
      },
    )
    .catch((error: Error) => tell("thrown", error.message));
}
