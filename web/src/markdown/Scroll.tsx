/** What may be wider than the page: it scrolls by itself, also by the keyboard, and says what it is. */
import type { ReactNode } from "react";
import styles from "./Markdown.module.css";

export function Scroll({ label, children }: { label: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for a form
    <div
      className={styles.scroll}
      role="group"
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard could not scroll it otherwise
      tabIndex={0}
    >
      {children}
    </div>
  );
}
