/** Stacked bars over time, drawn as SVG in pixels. A bar tells its value to pointer and keyboard. */
import { type KeyboardEvent, type PointerEvent, useRef, useState } from "react";
import { labelled, marks } from "./axis.ts";
import styles from "./Bars.module.css";
import { barsOf, type Chart, type Group } from "./charts.ts";
import { Tip } from "./Tip.tsx";
import { useBox } from "./useBox.ts";

const HEIGHT = 208; // px, as are all of these
const EDGE = { top: 10, bottom: 26, start: 56, end: 10 };
const FLOOR = HEIGHT - EDGE.bottom;
const LABEL = 64;
const WIDEST = 44;
const GAP = 1.5; // between what is stacked: not everybody tells the colours apart
const THINNEST = 5; // with the gap behind it

/** How many bars there is room for. */
const room = (width: number): number =>
  Math.max(1, Math.floor((width - EDGE.start - EDGE.end) / THINNEST));

export function Bars(props: {
  chart: Chart;
  days: readonly Group[];
  hint: string;
  /** What is said where each bar is a week. */
  weekly: string;
}) {
  const { chart, days, hint, weekly } = props;
  const [frame, { width, rtl }] = useBox();
  const svg = useRef<SVGSVGElement>(null);
  const [pointed, setPointed] = useState<number | null>(null);
  const [focused, setFocused] = useState<number | null>(null);
  const [stop, setStop] = useState<number | null>(null);
  const groups = width > 0 ? barsOf(days, room(width)) : [];
  const plan = layout(chart, groups, width, rtl);
  const shown = pointed ?? focused;
  const last = groups.length - 1;
  const tabbed = stop !== null && stop <= last ? stop : last;

  function point(event: PointerEvent<SVGSVGElement>) {
    const left = event.clientX - event.currentTarget.getBoundingClientRect().left;
    const at = Math.floor(((rtl ? width - left : left) - EDGE.start) / plan.slot);
    setPointed(at >= 0 && at <= last ? at : null);
  }

  function move(event: KeyboardEvent) {
    const to = target(event.key, tabbed, last, rtl);
    if (to === null) return;
    event.preventDefault();
    setPointed(null);
    setStop(to);
    svg.current?.querySelector<SVGGElement>(`[data-at="${to}"]`)?.focus();
  }

  return (
    <figure className={styles.plot} ref={frame} aria-label={`${chart.title}. ${hint}`}>
      <Grid chart={chart} plan={plan} groups={groups} width={width} />
      {/* biome-ignore lint/a11y/useSemanticElements: there is no fieldset in SVG */}
      <svg
        role="group"
        ref={svg}
        className={styles.drawing}
        width={width}
        height={HEIGHT}
        onPointerMove={point}
        onPointerDown={point}
        onPointerLeave={() => setPointed(null)}
        onKeyDown={move}
      >
        {groups.map((group, at) => (
          // biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: a picture, to be read
          <g
            key={group.key}
            data-at={at}
            role="img"
            tabIndex={at === tabbed ? 0 : -1}
            aria-label={told(chart, group)}
            className={shown === at ? styles.shown : styles.bar}
            onFocus={() => {
              setFocused(at);
              setStop(at);
            }}
            onBlur={() => setFocused(null)}
          >
            <rect className={styles.area} {...plan.area(at)} />
            {plan.stack(group, at).map(({ tone, ...rect }) => (
              <rect key={tone} className={styles[tone]} {...rect} />
            ))}
          </g>
        ))}
      </svg>
      {shown !== null && groups[shown] && (
        <Tip chart={chart} group={groups[shown]} at={plan.middle(shown)} width={width} />
      )}
      {groups.length > 0 && groups.length < days.length && (
        <figcaption className={styles.caption}>{weekly}</figcaption>
      )}
    </figure>
  );
}

type Plan = ReturnType<typeof layout>;

/** Where everything lies. The first bar begins where one begins to read. */
function layout(chart: Chart, groups: readonly Group[], width: number, rtl: boolean) {
  const total = ({ taken }: Group) => chart.series.reduce((all, one) => all + one.of(taken), 0);
  const ticks = marks(Math.max(0, ...groups.map(total)), chart.whole);
  const top = ticks.at(-1) ?? 1;
  const slot = Math.max(0, width - EDGE.start - EDGE.end) / Math.max(1, groups.length);
  const thick = Math.min(WIDEST, slot * 0.72);
  const y = (value: number) => FLOOR - (value / top) * (FLOOR - EDGE.top);
  const left = (start: number, size: number) => (rtl ? width - start - size : start);
  const middle = (at: number) => EDGE.start + slot * (at + 0.5);

  function stack({ taken }: Group, at: number) {
    let below = 0;
    const x = left(middle(at) - thick / 2, thick);
    return chart.series.map(({ tone, of }) => {
      const value = of(taken);
      const full = (value / top) * (FLOOR - EDGE.top);
      const height = below > 0 && full > 2 * GAP ? full - GAP : full;
      below += value;
      return { tone, x, y: y(below), width: thick, height };
    });
  }

  const area = (at: number) => ({
    x: left(EDGE.start + slot * at, slot),
    y: EDGE.top,
    width: slot,
    height: FLOOR - EDGE.top,
  });
  return { ticks, slot, y, middle, stack, area, left };
}

function Grid(props: { chart: Chart; plan: Plan; groups: readonly Group[]; width: number }) {
  const { chart, plan, groups, width } = props;
  const inner = Math.max(0, width - EDGE.start - EDGE.end);
  return (
    <svg className={styles.grid} width={width} height={HEIGHT} aria-hidden="true">
      {plan.ticks.map((tick) => (
        <g key={tick}>
          <rect
            className={tick === 0 ? styles.floor : styles.line}
            x={plan.left(EDGE.start, inner)}
            y={plan.y(tick)}
            width={inner}
            height={1}
          />
          <text className={styles.mark} x={plan.left(EDGE.start - 8, 0)} y={plan.y(tick) + 4}>
            {chart.mark(tick)}
          </text>
        </g>
      ))}
      {labelled(groups.length, inner, LABEL).map((at) => (
        <text key={at} className={styles.label} x={plan.left(plan.middle(at), 0)} y={HEIGHT - 8}>
          {groups[at]?.short}
        </text>
      ))}
    </svg>
  );
}

/** What a bar says when it is read aloud. */
function told(chart: Chart, { name, taken }: Group): string {
  const parts = chart.series.map((one) => `${one.name}: ${chart.write(one.of(taken))}`);
  return `${name}. ${parts.join(", ")}`;
}

/** To which bar a key leads; null where it is no such key. */
function target(key: string, at: number, last: number, rtl: boolean): number | null {
  const onward = rtl ? "ArrowLeft" : "ArrowRight";
  const back = rtl ? "ArrowRight" : "ArrowLeft";
  if (key === onward) return Math.min(last, at + 1);
  if (key === back) return Math.max(0, at - 1);
  if (key === "Home") return 0;
  return key === "End" ? last : null;
}
