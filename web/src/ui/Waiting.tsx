/** What stands where something is still being fetched, or could not be. */
import { useTexts } from "../texts/texts.ts";
import { Button } from "./Button.tsx";
import { texts } from "./texts.ts";
import styles from "./Waiting.module.css";

export function Loading() {
  const words = useTexts(texts);
  return (
    <p className={styles.waiting} role="status">
      <span className={styles.wheel} aria-hidden="true" />
      {words.loading}
    </p>
  );
}

/** What went wrong, in the server's own words, and a way to try it again. */
export function Failed({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const words = useTexts(texts);
  return (
    <div className={styles.failed} role="alert">
      <p>{useComplaint(error)}</p>
      {onRetry && <Button onClick={onRetry}>{words.again}</Button>}
    </div>
  );
}

/** An error, as it is told to a person. */
export function useComplaint(error: unknown): string {
  const words = useTexts(texts);
  return complaint(error, words.unreachable);
}

export function complaint(error: unknown, unreachable: string): string {
  if (error instanceof TypeError) return unreachable; // what `fetch` throws
  return error instanceof Error ? error.message : String(error);
}
