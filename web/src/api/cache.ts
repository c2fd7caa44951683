/** Keeps the cached messages of a conversation in step, by its newest ones alone. */
import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import { messages } from "./conversations.ts";
import { call } from "./http.ts";
import type { Message, Page } from "./types.ts";

type Cached = InfiniteData<Page<Message>, string | null>;

const PAGE = 50;
const NEWEST = 6; // messages that a turn can have changed, and some before them

const turns = new WeakMap<QueryClient, Map<string, Promise<void>>>();

/** Fetches the newest messages, and puts them where the cache has them or lacks them. */
export const refresh = (queries: QueryClient, id: string): Promise<void> =>
  inTurn(queries, id, async () => {
    const { queryKey } = messages(id);
    if (!queries.getQueryData(queryKey)) return; // nobody has looked at it here
    const page = await newest(id, NEWEST);
    const old = queries.getQueryData<Cached>(queryKey);
    const merged = old && merge(old, page);
    queries.setQueryData<Cached>(queryKey, merged ?? one(await newest(id, PAGE)));
  });

/** Fetches the branch that is shown, from its end, and forgets what was cached of another. */
export const reload = (queries: QueryClient, id: string): Promise<void> =>
  inTurn(queries, id, async () => {
    queries.setQueryData<Cached>(messages(id).queryKey, one(await newest(id, PAGE)));
  });

/** One after the other, so that what was fetched earlier never covers what was fetched later. */
function inTurn(queries: QueryClient, id: string, work: () => Promise<void>): Promise<void> {
  const own = turns.get(queries) ?? new Map<string, Promise<void>>();
  turns.set(queries, own);
  const before = own.get(id) ?? Promise.resolve();
  const done = before.catch(() => {}).then(work);
  own.set(id, done);
  const forget = () => own.get(id) === done && own.delete(id);
  done.then(forget, forget);
  return done;
}

const newest = (id: string, limit: number) =>
  call<Page<Message>>(`api/v1/conversations/${encodeURIComponent(id)}/messages`, {
    query: { order: "desc", limit },
  });

/** What was cached with its newest messages replaced; null where the two do not meet. */
export function merge(old: Cached, page: Page<Message>): Cached | null {
  const all = old.pages.flatMap((one) => one.items);
  const cursor = old.pages.at(-1)?.next_cursor ?? null;
  const last = page.items.at(-1);
  if (!last || page.next_cursor === null) return one(page);
  const same = all.findIndex((found) => found.id === last.id);
  const before = all.findIndex((found) => found.id === last.parent_id);
  if (same < 0 && before < 0) return null;
  const rest = same < 0 ? all.slice(before) : all.slice(same + 1);
  return one({ items: [...page.items, ...rest], next_cursor: cursor });
}

const one = (page: Page<Message>): Cached => ({ pages: [page], pageParams: [null] });
