/** Whether it streams, in words, with the evidence in numbers. */
import { CircleCheck, CircleHelp, TriangleAlert } from "lucide-react";
import { useTexts } from "../../texts/texts.ts";
import { useLengths } from "../lengths.ts";
import { figures, type Read } from "../tape/moments.ts";
import type { Verdict as Found, Kind } from "../tape/verdict.ts";
import { texts } from "../texts.ts";
import card from "./Card.module.css";
import styles from "./Verdict.module.css";

const ICONS: Record<Kind, typeof CircleHelp> = {
  few: CircleHelp,
  whole: CircleHelp,
  buffered: TriangleAlert,
  atOnce: TriangleAlert,
  quick: CircleHelp,
  groups: CircleCheck,
  steady: CircleCheck,
};
const LATE = 250; // ms that are worth a word

interface Props {
  verdict: Found;
  reads: readonly Read[];
}

export function Verdict({ verdict, reads }: Props) {
  const words = useTexts(texts);
  const { kind } = verdict;
  const Icon = ICONS[kind];
  return (
    <div className={styles.verdict} data-kind={kind}>
      <Icon className={styles[kind]} aria-hidden="true" />
      <div>
        <p className={styles.words}>{useHeadline(verdict)}</p>
        <p className={card.hint}>
          {useEvidence(verdict, reads).join(" ") || (kind === "whole" && words.evidence.whole)}
        </p>
      </div>
    </div>
  );
}

function useHeadline({ kind, most, usual }: Found): string {
  const { verdicts, inReads } = useTexts(texts);
  const { time, count } = useLengths();
  const loud = [
    count(most?.tokens ?? 0),
    inReads(most?.reads ?? 0, count(most?.reads ?? 0)),
    time(most?.silence ?? 0),
  ] as const;
  if (kind === "buffered" || kind === "atOnce") return verdicts[kind](...loud);
  if (kind === "groups") return verdicts.groups(count(usual));
  return verdicts[kind];
}

function useEvidence(verdict: Found, reads: readonly Read[]): string[] {
  const { evidence, inReads } = useTexts(texts);
  const { time, count } = useLengths();
  const { kind, tokens, bursts, pause, late, busy } = verdict;
  if (kind === "few" || kind === "whole") return [];
  const { median } = figures(reads);
  const found = [evidence.counts(count(tokens), inReads(verdict.reads, count(verdict.reads)))];
  if (median !== null) found.push(evidence.median(time(median)));
  if (bursts) found.push(evidence.bursts(count(bursts)));
  if (pause !== null && !bursts) found.push(evidence.pause(time(pause)));
  if (late !== null && late > LATE) found.push(evidence.late(time(late)));
  if (busy > LATE) found.push(evidence.busy(time(busy)));
  if (kind === "atOnce") found.push(evidence.maybe);
  if (kind === "quick") found.push(evidence.quick);
  return found;
}
