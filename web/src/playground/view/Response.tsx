/** What arrived: how it ended, the time line, and every event. */
import { Square } from "lucide-react";
import { useTexts } from "../../texts/texts.ts";
import { Button } from "../../ui/Button.tsx";
import { useArrivals } from "../asking.ts";
import { useLengths } from "../lengths.ts";
import styles from "../Playground.module.css";
import type { Tape } from "../tape/tape.ts";
import { judge } from "../tape/verdict.ts";
import { texts } from "../texts.ts";
import card from "./Card.module.css";
import { Events } from "./Events.tsx";
import { Numbers } from "./Numbers.tsx";
import { State } from "./State.tsx";
import { TimeLine } from "./TimeLine.tsx";
import { Verdict } from "./Verdict.tsx";

interface Props {
  tape: Tape | null;
  running: boolean;
  onStop: () => void;
  /** Chooses the way on which a run is read again; null where one is on it. */
  onFollow: (() => void) | null;
}

export function Response({ tape, running, onStop, onFollow }: Props) {
  const words = useTexts(texts);
  useArrivals(tape);
  return (
    <section
      id="arrived"
      className={`${styles.column} ${styles.response}`}
      aria-labelledby="response"
      tabIndex={-1}
    >
      <div className={card.card}>
        <div className={card.head}>
          <h2 id="response">{words.response}</h2>
          <div className={card.buttons}>
            {tape?.run && tape.outcome && onFollow && (
              <Button look="quiet" onClick={onFollow}>
                {words.followRun}
              </Button>
            )}
            <Button icon={<Square />} aria-disabled={!running} onClick={() => running && onStop()}>
              {words.stop}
            </Button>
          </div>
        </div>
        {tape ? <State tape={tape} /> : <p className={card.hint}>{words.nothing}</p>}
        <Announcer tape={tape} />
      </div>
      {tape && tape.reads.length > 0 && (
        <>
          {tape.outcome !== "refused" && <Judged tape={tape} />}
          <Events tape={tape} />
        </>
      )}
    </section>
  );
}

function Judged({ tape }: { tape: Tape }) {
  return (
    <div className={card.card}>
      <Verdict verdict={judge(tape)} reads={tape.reads} />
      <TimeLine reads={tape.reads} />
      <Numbers reads={tape.reads} noted={tape.noted} />
    </div>
  );
}

/** Tells a screen reader of the start, the first token and the end, not of every token. */
function Announcer({ tape }: { tape: Tape | null }) {
  const words = useTexts(texts);
  const { time, count } = useLengths();
  const first = tape?.reads.find((read) => read.tokens > 0);
  let text = "";
  if (tape?.outcome) {
    const problem = tape.problem ? `: ${tape.problem.replace(/\.$/, "")}` : "";
    text = `${words.outcomes[tape.outcome]}${problem}. ${words.announce.end(count(tape.rows.length))}`;
  } else if (first) {
    text = words.announce.first(time(first.at));
  } else if (tape) {
    text = words.announce.start;
  }
  return (
    <p className="hidden" role="status">
      {text}
    </p>
  );
}
