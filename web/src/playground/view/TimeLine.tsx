/** When things arrived, drawn: a tick for each read, silences shaded, bursts marked. */
import { useId } from "react";
import { useTexts } from "../../texts/texts.ts";
import { useLengths } from "../lengths.ts";
import { type Drawing, draw, told } from "../tape/drawing.ts";
import { figures, type Read } from "../tape/moments.ts";
import { texts } from "../texts.ts";
import styles from "./TimeLine.module.css";

const TOP = 36; // px above which labels stand
const BASE = 104; // px at which the ticks stand
const HEIGHT = 128;
const ROOMY = 9; // percent of the width that a label needs
const EDGE = 84; // percent behind which a label stands before its place

export function TimeLine({ reads }: { reads: readonly Read[] }) {
  const words = useTexts(texts);
  const id = useId();
  const drawing = draw(reads);
  return (
    <figure className={styles.figure}>
      <svg
        className={styles.line}
        height={HEIGHT}
        width="100%"
        role="img"
        aria-labelledby={`${id}-title`}
        aria-describedby={`${id}-told`}
      >
        <title id={`${id}-title`}>{words.timeLine}</title>
        <Silences drawing={drawing} />
        <Scale drawing={drawing} />
        <svg
          y={TOP}
          height={BASE - TOP}
          width="100%"
          viewBox="0 0 1000 100"
          preserveAspectRatio="none"
          aria-hidden="true"
        >
          <path className={styles.ticks} d={drawing.ticks} vectorEffect="non-scaling-stroke" />
        </svg>
        <Bursts drawing={drawing} />
        <FirstToken drawing={drawing} />
      </svg>
      <Told reads={reads} id={`${id}-told`} />
    </figure>
  );
}

const percent = (value: number): string => `${value.toFixed(3)}%`;
const anchor = (at: number): "start" | "end" => (at > EDGE ? "end" : "start");

function Silences({ drawing }: { drawing: Drawing }) {
  const { time } = useLengths();
  return drawing.silences.map(({ from, width, length }) => (
    <g key={from} className={styles.silence} data-gap={Math.round(length)}>
      <rect x={percent(from)} width={percent(width)} y={TOP - 14} height={BASE - TOP + 14} />
      {width > ROOMY && (
        <text x={percent(from + width / 2)} y={TOP - 22} textAnchor="middle">
          {time(length)}
        </text>
      )}
    </g>
  ));
}

function Bursts({ drawing }: { drawing: Drawing }) {
  return drawing.bursts.map(({ at, tokens }) => (
    <g key={at} className={styles.burst} data-burst={tokens}>
      <line x1={percent(at)} x2={percent(at)} y1={TOP} y2={BASE} />
      <text x={percent(at)} y={TOP + 10} dx={at > EDGE ? -6 : 6} textAnchor={anchor(at)}>
        ×{tokens}
      </text>
    </g>
  ));
}

function FirstToken({ drawing: { firstToken } }: { drawing: Drawing }) {
  const words = useTexts(texts);
  if (firstToken === null) return null;
  return (
    <g className={styles.first}>
      <line x1={percent(firstToken)} x2={percent(firstToken)} y1={TOP - 14} y2={BASE} />
      <text
        x={percent(firstToken)}
        y={TOP - 6}
        dx={firstToken > EDGE ? -5 : 5}
        textAnchor={anchor(firstToken)}
      >
        {words.firstToken}
      </text>
    </g>
  );
}

function Scale({ drawing }: { drawing: Drawing }) {
  const { time } = useLengths();
  return (
    <g className={styles.scale}>
      <line x1="0" x2="100%" y1={BASE} y2={BASE} />
      {drawing.scale.map(({ at, ms }) => (
        <g key={ms}>
          <line x1={percent(at)} x2={percent(at)} y1={BASE} y2={BASE + 5} />
          <text x={percent(at)} y={BASE + 19} textAnchor={ms === 0 ? "start" : "middle"}>
            {at < 96 && (ms === 0 ? "0" : time(ms))}
          </text>
        </g>
      ))}
    </g>
  );
}

const LISTED = 100; // lines of the table

/** The same in words, and as a table. */
function Told({ reads, id }: { reads: readonly Read[]; id: string }) {
  const words = useTexts(texts);
  const { time, count } = useLengths();
  const all = told(reads);
  const { events, firstToken } = figures(reads);
  const bursts = all.filter((one) => one.what === "burst").length;
  const counts = words.asTable(count(all.length - bursts), count(bursts));
  const drawn = words.drawn(
    count(events),
    words.inReads(reads.length, count(reads.length)),
    time(reads.at(-1)?.at ?? 0),
  );
  const first = firstToken === null ? "" : `${words.firstAt(time(firstToken))} `;
  return (
    <figcaption className={styles.caption}>
      <p id={id}>
        {drawn} {first}
        {counts}
      </p>
      {all.length > 0 && (
        <table className="hidden">
          <thead>
            <tr>
              <th scope="col">{words.what}</th>
              <th scope="col">{words.when}</th>
              <th scope="col">{words.size}</th>
            </tr>
          </thead>
          <tbody>
            {all.slice(0, LISTED).map(({ what, at, size }) => (
              <tr key={`${what}${at}`}>
                <th scope="row">{words[what]}</th>
                <td>{time(at)}</td>
                <td>{what === "gap" ? time(size) : words.tokens(count(size))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {all.length > LISTED && <p className="hidden">{words.further(count(all.length - LISTED))}</p>}
    </figcaption>
  );
}
