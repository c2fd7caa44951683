/** A field of the form, as its kind wants it. */
import { useQuery } from "@tanstack/react-query";
import { useId } from "react";
import { models } from "../../api/conversations.ts";
import { useTexts } from "../../texts/texts.ts";
import { Input, Select, TextArea } from "../../ui/Field.tsx";
import { texts } from "../texts.ts";
import type { Field } from "../ways/fields.ts";
import { REHEARSALS } from "../ways/rehearsals.ts";
import { held, type Values } from "../ways/request.ts";
import styles from "./Form.module.css";

interface Props {
  field: Field;
  values: Values;
  onChange: (value: string) => void;
  problem: string | null;
}

type Changing = { currentTarget: { value: string } };

export function OneField({ field, values, onChange, problem }: Props) {
  const words = useTexts(texts);
  const shared = {
    label: words.fields[field.key] ?? field.key,
    hint: words.hints[field.key],
    name: field.key,
    value: held(field, values),
    onChange: (event: Changing) => onChange(event.currentTarget.value),
    problem,
    ...(field.required && { "aria-required": true }),
  };
  const placeholder = field.fallback ? words.byDefault(field.fallback) : words.unset;
  switch (field.kind) {
    case "area":
      return (
        <div className={styles.wide}>
          <TextArea {...shared} rows={2} />
        </div>
      );
    case "choice":
      return (
        <Select {...shared}>
          {(field.options ?? []).map((option) => (
            <option key={option} value={option}>
              {option || words.unset}
            </option>
          ))}
        </Select>
      );
    case "flag":
      return <Flag label={shared.label} checked={shared.value === "true"} onChange={onChange} />;
    case "model":
      return <Model {...shared} />;
    case "number":
      return <Input {...shared} {...bounds(field)} type="number" placeholder={placeholder} />;
    case "text":
      return <Input {...shared} {...PLAIN} placeholder={field.required ? "" : words.unset} />;
  }
}

const PLAIN = { autoComplete: "off", autoCapitalize: "off", spellCheck: false };

const bounds = ({ min, max, step }: Field) => ({
  inputMode: "decimal" as const,
  ...(min !== undefined && { min }),
  ...(max !== undefined && { max }),
  ...(step !== undefined && { step }),
});

function Flag(props: { label: string; checked: boolean; onChange: (value: string) => void }) {
  return (
    <label className={`${styles.flag} ${styles.wide}`}>
      <input
        type="checkbox"
        checked={props.checked}
        onChange={(event) => props.onChange(event.currentTarget.checked ? "true" : "")}
      />
      {props.label}
    </label>
  );
}

function Model(props: Parameters<typeof Input>[0]) {
  const words = useTexts(texts);
  const id = useId();
  const known = useQuery(models).data;
  const all = [
    ...(known?.models ?? []).filter((one) => one.available).map((one) => one.id),
    ...REHEARSALS.map((one) => one.model),
  ];
  return (
    <div className={styles.wide}>
      <Input
        {...props}
        {...PLAIN}
        list={id}
        placeholder={known?.default ? words.byDefault(known.default) : words.unset}
      />
      <datalist id={id}>
        {all.map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
    </div>
  );
}
