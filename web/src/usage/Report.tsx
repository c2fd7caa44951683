/** The figures of a report: as charts, as a table, and as a file to take along. */
import { Download, Table2 } from "lucide-react";
import { useState } from "react";
import { Link } from "wouter";
import type { Usage } from "../api/usage.ts";
import { useLanguage, useTexts } from "../texts/texts.ts";
import { Button } from "../ui/Button.tsx";
import { type Column, Table } from "../ui/Table.tsx";
import { Nothing, Section } from "../ui/View.tsx";
import { Bars } from "./Bars.tsx";
import { byDay, byModel, type Chart, charts, foremost, type Group } from "./charts.ts";
import { csv } from "./csv.ts";
import { Ranks } from "./Ranks.tsx";
import { Legend } from "./Tip.tsx";
import { texts, type Words } from "./texts.ts";
import styles from "./Usage.module.css";

const MODELS = 10; // that a chart has room for

export function Report({ report, withPoints }: { report: Usage; withPoints: boolean }) {
  const words = useTexts(texts);
  const language = useLanguage();
  const [asTable, setAsTable] = useState(false);
  const daily = report.group_by === "day";
  const groups = daily ? byDay(report, language) : byModel(report);
  const all = charts(words, language, withPoints);
  if (report.total.runs === 0) {
    return (
      <Section title={words.figures}>
        <Nothing>
          {words.nothing} <Link href="/">{words.begin}</Link>
        </Nothing>
      </Section>
    );
  }
  return (
    <>
      <div className={styles.tools}>
        <Button icon={<Table2 />} aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
          {words.asTable}
        </Button>
        <Button
          icon={<Download />}
          onClick={() => save(words, report, table(words, daily, all, groups))}
        >
          {words.csv}
        </Button>
      </div>
      {asTable ? (
        <Section title={words.figures}>
          <Figures words={words} daily={daily} all={all} groups={groups} total={report} />
        </Section>
      ) : (
        <div className={styles.charts}>
          {all.map((chart) => (
            <OneChart key={chart.key} chart={chart} daily={daily} groups={groups} />
          ))}
        </div>
      )}
    </>
  );
}

function OneChart(props: { chart: Chart; daily: boolean; groups: readonly Group[] }) {
  const words = useTexts(texts);
  const { chart, daily, groups } = props;
  const value = (taken: Group["taken"]) =>
    chart.series.reduce((all, one) => all + one.of(taken), 0);
  return (
    <Section title={chart.title} actions={<Legend chart={chart} />}>
      {daily ? (
        <Bars chart={chart} days={groups} hint={words.keys} weekly={words.weekly} />
      ) : (
        <Ranks chart={chart} groups={foremost(groups, MODELS, value, words.others)} />
      )}
    </Section>
  );
}

function Figures(props: {
  words: Words;
  daily: boolean;
  all: readonly Chart[];
  groups: readonly Group[];
  total: Usage;
}) {
  const { words, daily, all, groups, total } = props;
  const columns: Column<Group>[] = [
    {
      key: "name",
      head: daily ? words.day : words.model,
      cell: (group) => group.name,
      main: true,
      tight: daily,
    },
    ...all.flatMap((chart) =>
      chart.series.map((one) => ({
        key: `${chart.key} ${one.name}`,
        head: one.name,
        cell: ({ taken }: Group) => chart.write(one.of(taken)),
        figure: true,
      })),
    ),
  ];
  const foot = { key: "total", name: words.total, short: words.total, taken: total.total };
  return (
    <Table
      label={words.figures}
      columns={columns}
      rows={groups}
      id={(group) => group.key}
      narrow="scroll"
      foot={foot}
    />
  );
}

/** The same as rows of a file, whose numbers are no one language's. */
function table(words: Words, daily: boolean, all: readonly Chart[], groups: readonly Group[]) {
  const series = all.flatMap((chart) => chart.series);
  return [
    [daily ? words.day : words.model, ...series.map((one) => one.name)],
    ...groups.map(({ key, taken }) => [key, ...series.map((one) => one.of(taken))]),
  ];
}

function save(words: Words, report: Usage, rows: (string | number)[][]): void {
  const file = new Blob([csv(rows)], { type: "text/csv;charset=utf-8" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = `sluice-${words.filename}-${report.from.slice(0, 10)}-${report.group_by}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href)); // it has been taken by then
}
