/** A function that stays the same, and does what the latest one does. */
import { useRef } from "react";

export function useStable<A extends unknown[], R>(act: (...given: A) => R): (...given: A) => R {
  const latest = useRef(act);
  latest.current = act;
  const stable = useRef((...given: A) => latest.current(...given));
  return stable.current;
}
