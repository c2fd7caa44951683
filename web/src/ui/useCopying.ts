/** Copies a text, and says for a while that it has. */
import { useEffect, useState } from "react";
import { copy } from "./clipboard.ts";

const SAID = 2_000; // ms

export function useCopying(text: string): { done: boolean; act: () => Promise<void> } {
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), SAID);
    return () => clearTimeout(timer);
  }, [done]);
  return { done, act: async () => setDone(await copy(text)) };
}
