/** What the server's resources look like: see `/docs`. Times are ISO 8601, ids are strings. */

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface About {
  name: string;
  version: string;
  registration: "open" | "invite" | "closed";
  anonymous: boolean;
  /** No provider is configured: the demo model answers everything. */
  demo: boolean;
  points: "interactions" | "all" | "off";
  max_tokens: number;
  default_max_tokens: number;
  media: { limit: number; files: number; types: string[] };
}

export interface User {
  id: string;
  username: string;
  email: string | null;
  role: "user" | "admin";
  created_at: string;
}

export interface Conversation {
  id: string;
  title: string;
  created_at: string;
  updated_at: string;
  message_count: number;
  /** The run that writes a reply in it now. */
  active_run_id: string | null;
  deleted_at: string | null;
}

export interface FileOfMessage {
  id: string;
  url: string;
  content_type: string;
  size: number;
  name: string;
}

export interface Message {
  id: string;
  role: "user" | "assistant";
  /** Empty while it is `streaming`: follow `run_id` instead. */
  content: string;
  status: "streaming" | "complete" | "partial" | "failed";
  created_at: string;
  model: string | null;
  /** Of the completion. */
  tokens: number | null;
  input_tokens: number | null;
  /** USD. */
  cost: number | null;
  points: number | null;
  /** Seconds. */
  duration: number | null;
  first_token: number | null;
  estimated: boolean | null;
  finish_reason: string | null;
  code: string | null;
  run_id: string | null;
  parent_id: string | null;
  /** All that stand in its place, itself included, the oldest first. */
  versions: string[];
  files: FileOfMessage[];
}

export interface Hit {
  conversation_id: string;
  title: string;
  message_id: string;
  role: "user" | "assistant";
  created_at: string;
  snippet: string;
  /** The words that fit, in code points of the snippet; the end is not included. */
  matches: [number, number][];
}

export interface Model {
  id: string;
  provider: string;
  default: boolean;
  context_window: number;
  /** USD per million tokens. */
  price: { input: number; output: number } | null;
  available: boolean;
  /** It takes pictures. */
  vision: boolean;
}

export interface Models {
  models: Model[];
  default: string | null;
}

export interface Upload {
  id: string;
  url: string;
  content_type: string;
  size: number;
  sha256: string;
}
