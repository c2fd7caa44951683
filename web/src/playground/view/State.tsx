/** How a request stands: its outcome, what went wrong, the status and the headers. */
import { useTexts } from "../../texts/texts.ts";
import type { Outcome, Tape } from "../tape/tape.ts";
import { texts } from "../texts.ts";
import styles from "./State.module.css";

const LOOKS: Record<Outcome, string | undefined> = {
  ended: styles.good,
  stopped: styles.plain,
  refused: styles.bad,
  failed: styles.bad,
  cut: styles.bad,
  unreachable: styles.bad,
};

export function State({ tape }: { tape: Tape }) {
  const words = useTexts(texts);
  const { outcome, answered, problem } = tape;
  const going = answered ? words.running : words.sending;
  return (
    <div className={styles.state}>
      <p className={outcome ? LOOKS[outcome] : styles.plain} data-outcome={outcome ?? "running"}>
        <strong>{outcome ? words.outcomes[outcome] : going}</strong>
        {problem && <span className={styles.problem}> {problem}</span>}
      </p>
      {answered && (
        <dl className={styles.headers} aria-label={words.headers}>
          <div>
            <dt className="hidden">{words.headers}</dt>
            <dd>{answered.status}</dd>
          </div>
          {answered.headers.map(([name, value]) => (
            <div key={name}>
              <dt>{name}:</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}
