/** What the reader prefers, on this device: the scheme of colours, and what Enter does. */
import { useSyncExternalStore } from "react";

export type Scheme = "system" | "light" | "dark";
export type Enter = "send" | "newline";

interface Preference<T extends string> {
  get: () => T;
  set: (value: T) => void;
  subscribe: (hear: () => void) => () => void;
}

/** One that is kept as `sluice.<name>`; `values` begin with what holds unless chosen. */
function preference<T extends string>(
  name: string,
  values: readonly [T, ...T[]],
  apply: (value: T) => void = () => {},
): Preference<T> {
  const key = `sluice.${name}`;
  const heard = new Set<() => void>();
  const known = (found: string | null): T => values.find((value) => value === found) ?? values[0];
  let chosen = known(stored(key));

  function take(value: T): void {
    chosen = value;
    apply(value);
    for (const hear of heard) hear();
  }

  globalThis.addEventListener?.("storage", (event) => {
    if (event.key === key || event.key === null) take(known(stored(key))); // from another tab
  });
  return {
    get: () => chosen,
    set(value) {
      store(key, value);
      take(value);
    },
    subscribe(hear) {
      heard.add(hear);
      return () => heard.delete(hear);
    },
  };
}

function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function store(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // It holds for as long as the page is open.
  }
}

/** As `theme.js` does before the page is drawn. */
function paint(scheme: Scheme): void {
  const { dataset } = document.documentElement;
  if (scheme === "system") delete dataset.scheme;
  else dataset.scheme = scheme;
}

const scheme = preference<Scheme>("scheme", ["system", "light", "dark"], paint);
const enter = preference<Enter>("enter", ["send", "newline"]);

export const useScheme = (): Scheme => useSyncExternalStore(scheme.subscribe, scheme.get);
export const setScheme = scheme.set;

/** What the Enter key does where a message is written. */
export const useEnter = (): Enter => useSyncExternalStore(enter.subscribe, enter.get);
export const setEnter = enter.set;
