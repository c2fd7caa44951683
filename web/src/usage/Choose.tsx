/** Which time is looked at, and how it is put together. */
import type { FormEvent } from "react";
import type { Span } from "../api/usage.ts";
import { number } from "../texts/format.ts";
import { useLanguage, useTexts } from "../texts/texts.ts";
import { Button } from "../ui/Button.tsx";
import { Choice } from "../ui/Choice.tsx";
import { Input } from "../ui/Field.tsx";
import type { Problem } from "../ui/problems.ts";
import { texts } from "./texts.ts";
import styles from "./Usage.module.css";
import { LENGTHS, type Length, type Wanted } from "./wanted.ts";

export function Choose(props: {
  wanted: Wanted;
  today: string;
  problem: Problem | null;
  onChange: (wanted: Wanted) => void;
}) {
  const words = useTexts(texts);
  const language = useLanguage();
  const { wanted, onChange } = props;
  const lengths: { value: Length; label: string }[] = [
    ...LENGTHS.map((one) => ({ value: one, label: words.days(number(Number(one), language)) })),
    { value: "own", label: words.own },
  ];
  const groupings = [
    { value: "day", label: words.byDay },
    { value: "model", label: words.byModel },
  ] as const;
  return (
    <div className={styles.choose}>
      <Choice
        label={words.span}
        value={wanted.length}
        options={lengths}
        onChange={(length) => onChange({ ...wanted, length })}
      />
      <Choice
        label={words.grouping}
        value={wanted.by}
        options={groupings}
        onChange={(by) => onChange({ ...wanted, by })}
      />
      {wanted.length === "own" && (
        <Dates
          key={`${wanted.span.from} ${wanted.span.to}`}
          span={wanted.span}
          today={props.today}
          problem={props.problem}
          onChange={(span) => onChange({ ...wanted, span })}
        />
      )}
    </div>
  );
}

function Dates(props: {
  span: Span;
  today: string;
  problem: Problem | null;
  onChange: (span: Span) => void;
}) {
  const words = useTexts(texts);
  const of = (field: string) => (props.problem?.field === field ? props.problem.text : null);

  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    props.onChange({ from: String(given.get("from")), to: String(given.get("to")) });
  }

  return (
    <form className={styles.dates} onSubmit={submit}>
      <Input
        label={words.from}
        name="from"
        type="date"
        required
        max={props.today}
        defaultValue={props.span.from}
        problem={of("from")}
      />
      <Input
        label={words.to}
        name="to"
        type="date"
        required
        max={props.today}
        defaultValue={props.span.to}
        problem={of("to")}
      />
      <Button type="submit">{words.show}</Button>
    </form>
  );
}
