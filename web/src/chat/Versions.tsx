/** Leafs through the versions that stand in one place. */
import { ChevronLeft, ChevronRight } from "lucide-react";
import type { Message } from "../api/types.ts";
import { useTexts } from "../texts/texts.ts";
import { IconButton } from "../ui/Button.tsx";
import type { Acts } from "./acts.ts";
import styles from "./Message.module.css";
import { texts } from "./texts.ts";

export function Versions({ message, acts, busy }: { message: Message; acts: Acts; busy: boolean }) {
  const words = useTexts(texts);
  const { versions, id } = message;
  const at = versions.indexOf(id);
  if (versions.length < 2 || at < 0) return null;

  const turn = (label: string, icon: React.ReactNode, to: string | undefined) => (
    <IconButton
      label={label}
      icon={icon}
      aria-disabled={busy || to === undefined}
      onClick={() => to !== undefined && !busy && acts.show(to)}
    />
  );
  return (
    <span className={styles.versions}>
      {turn(words.older, <ChevronLeft className={styles.turned} />, versions[at - 1])}
      <span className={styles.count}>{words.version(at + 1, versions.length)}</span>
      {turn(words.newer, <ChevronRight className={styles.turned} />, versions[at + 1])}
    </span>
  );
}
