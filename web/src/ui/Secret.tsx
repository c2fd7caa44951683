/** A secret that is shown once, to be copied. */
import { Check, Copy } from "lucide-react";
import { useEffect, useId, useRef, useState } from "react";
import { useTexts } from "../texts/texts.ts";
import { Button } from "./Button.tsx";
import { copy as copyText } from "./clipboard.ts";
import styles from "./Secret.module.css";
import { texts } from "./texts.ts";

export function Secret(props: {
  title: string;
  warning: string;
  values: readonly { label: string; value: string }[];
  onDone: () => void;
}) {
  const words = useTexts(texts);
  const heading = useId();
  const box = useRef<HTMLElement>(null);
  useEffect(() => box.current?.focus(), []);
  return (
    <section ref={box} tabIndex={-1} className={styles.secret} aria-labelledby={heading}>
      <h3 id={heading} className={styles.title}>
        {props.title}
      </h3>
      <p>{props.warning}</p>
      {props.values.map(({ label, value }) => (
        <Copied key={label} label={label} value={value} />
      ))}
      <Button onClick={props.onDone}>{words.done}</Button>
    </section>
  );
}

function Copied({ label, value }: { label: string; value: string }) {
  const words = useTexts(texts);
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [done, setDone] = useState(false);

  async function copy() {
    field.current?.select();
    setDone(await copyText(value));
  }

  return (
    <div className={styles.row}>
      <label htmlFor={id} className={styles.label}>
        {label}
      </label>
      <input
        ref={field}
        id={id}
        className={styles.value}
        value={value}
        readOnly
        spellCheck={false}
        onFocus={(event) => event.currentTarget.select()}
      />
      <Button icon={done ? <Check /> : <Copy />} onClick={() => void copy()}>
        {done ? words.copied : words.copy}
      </Button>
      <span className="hidden" role="status">
        {done ? words.copied : ""}
      </span>
    </div>
  );
}
