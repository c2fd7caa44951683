/** How many of many things are drawn: some at once, the others bit by bit, when there is time. */
import { useEffect, useState } from "react";
import { later } from "./idle.ts";

/** `step`: how many more each time. Where they come one by one, it is ahead of them. */
export function useGradually(count: number, step: number): number {
  const [shown, setShown] = useState(step);
  useEffect(() => {
    if (count < shown) return undefined;
    return later(() => setShown(shown + step));
  }, [count, shown, step]);
  return shown;
}
