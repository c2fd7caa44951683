/** What is asked: the way's fields, rehearsals, and the buttons that send and stop. */
import { Send } from "lucide-react";
import { type FormEvent, type KeyboardEvent, useRef, useState } from "react";
import { useTexts } from "../../texts/texts.ts";
import { Button } from "../../ui/Button.tsx";
import { texts } from "../texts.ts";
import { REHEARSALS } from "../ways/rehearsals.ts";
import { missing, type Values } from "../ways/request.ts";
import type { Way } from "../ways/ways.ts";
import card from "./Card.module.css";
import styles from "./Form.module.css";
import { OneField } from "./OneField.tsx";

interface Props {
  way: Way;
  values: Values;
  onChange: (values: Values) => void;
  running: boolean;
  onSend: () => void;
}

export function Form({ way, values, onChange, running, onSend }: Props) {
  const words = useTexts(texts);
  const form = useRef<HTMLFormElement>(null);
  const [wanting, setWanting] = useState<string[]>([]);

  function submit(event: FormEvent) {
    event.preventDefault();
    if (running) return;
    const found = missing(way, values);
    setWanting(found);
    const first = found[0];
    if (first === undefined) onSend();
    else (form.current?.elements.namedItem(first) as HTMLElement | null)?.focus();
  }

  function press(event: KeyboardEvent) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event);
  }

  return (
    <form ref={form} className={card.card} noValidate onSubmit={submit} onKeyDown={press}>
      <div className={styles.fields}>
        {way.fields.map((field) => (
          <OneField
            key={field.key}
            field={field}
            values={values}
            onChange={(value) => onChange({ [field.key]: value })}
            problem={wanting.includes(field.key) ? words.required : null}
          />
        ))}
      </div>
      {way.fields.some(({ kind }) => kind === "model") && (
        <Rehearsals model={values.model ?? ""} onChoose={(model) => onChange({ model })} />
      )}
      <div className={styles.buttons}>
        <Button look="main" type="submit" icon={<Send />} aria-disabled={running}>
          {words.send}
        </Button>
      </div>
    </form>
  );
}

function Rehearsals(props: { model: string; onChoose: (model: string) => void }) {
  const words = useTexts(texts);
  return (
    <fieldset className={styles.rehearsals}>
      <legend className={card.hint}>{words.rehearse}</legend>
      {REHEARSALS.map(({ id, model }) => (
        <button
          key={id}
          type="button"
          className={styles.rehearsal}
          title={model}
          aria-pressed={props.model === model}
          onClick={() => props.onChoose(props.model === model ? "" : model)}
        >
          {words.rehearsals[id]}
        </button>
      ))}
    </fieldset>
  );
}
