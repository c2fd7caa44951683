/** All together, as cards. */
import type { Taken } from "../api/usage.ts";
import { money, number } from "../texts/format.ts";
import { useLanguage, useTexts } from "../texts/texts.ts";
import { texts } from "./texts.ts";
import styles from "./Usage.module.css";

export function Totals({ total, withPoints }: { total: Taken; withPoints: boolean }) {
  const words = useTexts(texts);
  const language = useLanguage();
  const write = (value: number) => number(value, language);
  const cards: [label: string, value: string, bad?: boolean][] = [
    [words.input, write(total.input_tokens)],
    [words.output, write(total.output_tokens)],
    [words.cost, money(total.cost, language)],
    ...(withPoints ? [[words.points, write(total.points)] as [string, string]] : []),
    [words.runs, write(total.runs)],
    [words.failed, write(total.failed_runs), total.failed_runs > 0],
  ];
  return (
    <section aria-label={words.totals}>
      <dl className={styles.cards}>
        {cards.map(([label, value, bad]) => (
          <div key={label} className={styles.card}>
            <dt>{label}</dt>
            <dd className={bad ? styles.bad : undefined}>{value}</dd>
          </div>
        ))}
      </dl>
      {total.estimated_runs > 0 && (
        <p className={styles.note}>{words.estimated(write(total.estimated_runs))}</p>
      )}
    </section>
  );
}
