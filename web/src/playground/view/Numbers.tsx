/** The figures below the time line. */
import { useTexts } from "../../texts/texts.ts";
import { useLengths } from "../lengths.ts";
import { figures, type Read } from "../tape/moments.ts";
import type { Noted } from "../tape/verdict.ts";
import { texts } from "../texts.ts";
import styles from "./Numbers.module.css";

export function Numbers({ reads, noted }: { reads: readonly Read[]; noted: Noted | null }) {
  const words = useTexts(texts).figures;
  const { time, count } = useLengths();
  const found = figures(reads);
  const round = (value: number) => count(Math.round(value * 10) / 10);
  const shown: [string, number | null, (value: number) => string][] = [
    [words.firstByte, found.firstByte, time],
    [words.firstToken, found.firstToken, time],
    [words.server, noted?.firstToken ?? null, time],
    [words.median, found.median, time],
    [words.p95, found.p95, time],
    [words.longest, found.longest, time],
    [words.perSecond, found.perSecond, round],
    [words.reads, found.reads, count],
    [words.perRead, found.perRead, round],
  ];
  return (
    <dl className={styles.numbers}>
      {shown.map(([name, value, show]) => (
        <div key={name} className={styles.number}>
          <dt>{name}</dt>
          <dd>{value === null ? "–" : show(value)}</dd>
        </div>
      ))}
    </dl>
  );
}
