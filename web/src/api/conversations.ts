/** Conversations and messages, as calls and as cached queries. */
import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { call } from "./http.ts";
import type { About, Conversation, Hit, Message, Models, Page, Upload, User } from "./types.ts";

const CONVERSATIONS = "api/v1/conversations";
const of = (id: string) => `${CONVERSATIONS}/${encodeURIComponent(id)}`;
const STALE = 60_000; // ms that what seldom changes is believed

type Cursor = string | null;

export const about = queryOptions({
  queryKey: ["about"],
  queryFn: ({ signal }) => call<About>("api/v1/about", { signal }),
  staleTime: STALE,
});

export const session = queryOptions({
  queryKey: ["session"],
  queryFn: ({ signal }) => call<User>("api/v1/auth/session", { signal }),
  retry: false,
  staleTime: STALE,
});

export const models = queryOptions({
  queryKey: ["models"],
  queryFn: ({ signal }) => call<Models>("api/v1/models", { signal }),
  staleTime: STALE,
});

export const conversations = infiniteQueryOptions({
  queryKey: ["conversations"],
  queryFn: ({ pageParam, signal }) =>
    call<Page<Conversation>>(CONVERSATIONS, { query: { limit: 50, cursor: pageParam }, signal }),
  initialPageParam: null as Cursor,
  getNextPageParam: (last) => last.next_cursor,
});

export const conversation = (id: string) =>
  queryOptions({
    queryKey: ["conversation", id],
    queryFn: ({ signal }) => call<Conversation>(of(id), { signal }),
  });

/** The branch that is shown, its newest messages first. */
export const messages = (id: string) =>
  infiniteQueryOptions({
    queryKey: ["messages", id],
    queryFn: ({ pageParam, signal }) =>
      call<Page<Message>>(`${of(id)}/messages`, {
        query: { order: "desc", limit: 50, cursor: pageParam },
        signal,
      }),
    initialPageParam: null as Cursor,
    getNextPageParam: (last) => last.next_cursor,
    staleTime: Number.POSITIVE_INFINITY, // `cache.ts` keeps it in step
  });

export const hits = (words: string) =>
  queryOptions({
    queryKey: ["search", words],
    queryFn: ({ signal }) =>
      call<Page<Hit>>("api/v1/search", { query: { q: words, limit: 30 }, signal }),
    enabled: words.trim() !== "",
  });

export const rename = (id: string, title: string) =>
  call<Conversation>(of(id), { method: "PATCH", body: { title } });

/** Shows the branch of a message. */
export const show = (id: string, message: string) =>
  call<Conversation>(of(id), { method: "PATCH", body: { active_message_id: message } });

export const remove = (id: string) => call<void>(of(id), { method: "DELETE" });

export const restore = (id: string) => call<Conversation>(`${of(id)}/restore`, { method: "POST" });

export const exported = (id: string, format: "json" | "markdown") =>
  `${of(id)}/export?format=${format}`;

export function upload(file: File, signal?: AbortSignal): Promise<Upload> {
  const form = new FormData();
  form.append("file", file);
  return call<Upload>("api/media", { method: "POST", form, ...(signal && { signal }) });
}

export const discard = (media: string) =>
  call<void>(`api/media/${encodeURIComponent(media)}`, { method: "DELETE" });
