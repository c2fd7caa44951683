/** The set-up that is being tried, which the address keeps, so that it can be shared. */
import { useCallback, useEffect, useState } from "react";
import { fromSearch, toSearch, type Values } from "./ways/request.ts";
import { type Way, wayOf } from "./ways/ways.ts";

const SETTLED = 250; // ms after the last change; browsers limit how often an address may change

export interface Setup {
  way: Way;
  values: Values;
  choose: (id: string) => void;
  change: (values: Values) => void;
}

export function useSetup(): Setup {
  const [{ way, values }, set] = useState(() => fromSearch(location.search));
  useEffect(() => {
    const search = `?${toSearch(way, values)}`;
    if (search === location.search) return;
    const keep = () => history.replaceState(history.state, "", location.pathname + search);
    const timer = setTimeout(keep, SETTLED);
    return () => clearTimeout(timer);
  }, [way, values]);
  const choose = useCallback((id: string) => set((old) => ({ ...old, way: wayOf(id) })), []);
  const change = useCallback(
    (more: Values) => set((old) => ({ ...old, values: { ...old.values, ...more } })),
    [],
  );
  return { way, values, choose, change };
}
