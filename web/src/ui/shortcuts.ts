/** Keys that do something wherever the focus is. */
import { useEffect, useRef } from "react";

interface Options {
  /** With Ctrl, or on a Mac with ⌘. */
  command?: boolean;
  when?: boolean;
}

export function useShortcut(key: string, act: () => void, options: Options = {}): void {
  const { command = false, when = true } = options;
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    if (!when) return;
    const hear = (event: KeyboardEvent) => {
      const pressed = event.ctrlKey || event.metaKey;
      if (event.defaultPrevented || event.isComposing) return;
      if (event.key.toLowerCase() !== key.toLowerCase() || pressed !== command) return;
      event.preventDefault();
      latest.current();
    };
    document.addEventListener("keydown", hear);
    return () => document.removeEventListener("keydown", hear);
  }, [key, command, when]);
}
