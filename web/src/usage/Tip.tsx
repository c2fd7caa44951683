/** What a bar says, beside it. It is for the eye: the bar itself is read aloud. */
import styles from "./Bars.module.css";
import type { Chart, Group, Tone } from "./charts.ts";

const HALF = 88; // px of its greatest width

export function Tip(props: { chart: Chart; group: Group; at: number; width: number }) {
  const { chart, group, at, width } = props;
  const middle = Math.min(Math.max(HALF, at), Math.max(HALF, width - HALF));
  return (
    <div className={styles.tip} style={{ insetInlineStart: middle }} aria-hidden="true">
      <p className={styles.when}>{group.name}</p>
      {chart.series.map((one) => (
        <p key={one.name} className={styles.value}>
          <Swatch tone={one.tone} />
          <span>{one.name}</span>
          <b>{chart.write(one.of(group.taken))}</b>
        </p>
      ))}
    </div>
  );
}

function Swatch({ tone }: { tone: Tone }) {
  return (
    <svg className={styles.swatch} viewBox="0 0 10 10" aria-hidden="true">
      <rect className={styles[tone]} width="10" height="10" rx="2" />
    </svg>
  );
}

export function Legend({ chart }: { chart: Chart }) {
  if (chart.series.length < 2) return null;
  return (
    <ul className={styles.legend}>
      {chart.series.map((one) => (
        <li key={one.name}>
          <Swatch tone={one.tone} />
          {one.name}
        </li>
      ))}
    </ul>
  );
}
