/** What has been written and not sent: kept in this tab, so that a reload loses no word. */
import { useState } from "react";

export interface Draft {
  text: string;
  set: (text: string) => void;
}

export function useDraft(conversation: string | null): Draft {
  const key = `sluice.draft.${conversation ?? "new"}`;
  const [text, setText] = useState(() => kept(key));
  return {
    text,
    set(next) {
      setText(next);
      try {
        if (next) sessionStorage.setItem(key, next);
        else sessionStorage.removeItem(key);
      } catch {
        // It holds for as long as the view is open.
      }
    },
  };
}

function kept(key: string): string {
  try {
    return sessionStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}
