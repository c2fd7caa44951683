/** Stacked bars that lie: one for each model, which is called by its name and tells its value. */
import styles from "./Bars.module.css";
import type { Chart, Group } from "./charts.ts";
import { useBox } from "./useBox.ts";

const THICK = 10; // px
const GAP = 1.5; // between what is stacked

export function Ranks({ chart, groups }: { chart: Chart; groups: readonly Group[] }) {
  const [frame, { width, rtl }] = useBox();
  const total = ({ taken }: Group) => chart.series.reduce((all, one) => all + one.of(taken), 0);
  const most = Math.max(...groups.map(total)) || 1;
  return (
    <div ref={frame}>
      <ul className={styles.ranks}>
        {groups.map((group) => (
          <li key={group.key}>
            <p className={styles.rank}>
              <bdi className={styles.model}>{group.name}</bdi>
              <b>{chart.write(total(group))}</b>
            </p>
            <svg className={styles.drawing} width={width} height={THICK} aria-hidden="true">
              <rect className={styles.track} width={width} height={THICK} rx={3} />
              {pieces(chart, group, width / most, width, rtl).map(({ tone, ...rect }) => (
                <rect key={tone} className={styles[tone]} {...rect} height={THICK} />
              ))}
            </svg>
          </li>
        ))}
      </ul>
    </div>
  );
}

function pieces(chart: Chart, { taken }: Group, scale: number, width: number, rtl: boolean) {
  let start = 0;
  return chart.series.map(({ tone, of }) => {
    const full = of(taken) * scale;
    const gap = start > 0 && full > 2 * GAP ? GAP : 0;
    const x = rtl ? width - start - full : start + gap;
    start += full;
    return { tone, x, width: full - gap };
  });
}
