/** What users are called whose ids one has. */
import { useQueries } from "@tanstack/react-query";
import { userOf } from "../api/admin.ts";

/** An id's name; its beginning while that is not known, or where the user is gone. */
export function useNames(ids: readonly (string | null)[]): (id: string) => string {
  const wanted = [...new Set(ids)].filter((id) => id !== null);
  const found = useQueries({ queries: wanted.map(userOf) });
  const names = new Map(found.map(({ data }) => [data?.id, data?.username]));
  return (id) => names.get(id) ?? short(id);
}

/** As much of an id as it takes to tell it from others. */
export const short = (id: string): string => (id.length > 10 ? `${id.slice(0, 8)}…` : id);
