/** Asks the server for resources, as the page's cookie. Knows no resource by name. */
import { refusal } from "#client";
import { at } from "../base.ts";

/** It tells the server that a page of its own asks: the cookie alone proves nothing. */
export const MARK = { "X-Sluice-Request": "page" };

type Query = Record<string, string | number | boolean | null | undefined>;

export interface Call {
  method?: "GET" | "POST" | "PATCH" | "DELETE";
  query?: Query;
  body?: unknown;
  form?: FormData;
  signal?: AbortSignal;
}

/** The answer's JSON; undefined where there is none (204). Throws `Refused`, or `TypeError`. */
export async function call<T>(path: string, options: Call = {}): Promise<T> {
  const { method = "GET", query, body, form, signal } = options;
  const response = await fetch(at(path) + search(query), {
    method,
    headers: { ...MARK, ...(body !== undefined && { "Content-Type": "application/json" }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(form && { body: form }),
    ...(signal && { signal }),
  });
  if (!response.ok) throw await refusal(response);
  return response.status === 204 ? (undefined as T) : response.json();
}

/** A query string, with its `?`; what is null or empty is left out. */
export function search(query: Query = {}): string {
  const given = Object.entries(query).filter(
    ([, value]) => value !== null && value !== undefined && value !== "",
  );
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text && `?${text}`;
}
