/** Which model answers, how freely, and how long. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { about, models } from "../api/conversations.ts";
import type { Model } from "../api/types.ts";
import { useTexts } from "../texts/texts.ts";
import { Input } from "../ui/Field.tsx";
import type { Options } from "./options.ts";
import styles from "./Tuning.module.css";
import { texts } from "./texts.ts";

const OTHER = "\u0000"; // the choice that asks for a name

interface Props {
  options: Options;
  onChange: (change: Partial<Options>) => void;
}

interface Naming {
  naming: boolean;
  onNaming: (naming: boolean) => void;
}

export function WhichModel({ options, onChange, naming, onNaming }: Props & Naming) {
  const words = useTexts(texts);
  const known = useQuery(models).data;

  function choose(value: string) {
    onNaming(value === OTHER);
    if (value !== OTHER) onChange({ model: value });
  }

  return (
    <select
      className={styles.model}
      aria-label={words.model}
      value={naming ? OTHER : options.model}
      onChange={(event) => choose(event.currentTarget.value)}
    >
      <option value="">{known?.default ? words.standard(known.default) : words.anyModel}</option>
      {grouped(known?.models ?? []).map(([provider, some]) => (
        <optgroup key={provider} label={provider}>
          {some.map((one) => (
            <option key={one.id} value={one.id} disabled={!one.available}>
              {one.id}
            </option>
          ))}
        </optgroup>
      ))}
      <option value={OTHER}>{words.otherModel}</option>
    </select>
  );
}

/** Whether a model is asked for by a name that is not in the list. */
export function useNaming(options: Options): Naming {
  const listed = useQuery(models).data?.models;
  const [chosen, setChosen] = useState(false);
  const strange = options.model !== "" && !listed?.some((one) => one.id === options.model);
  return { naming: chosen || (listed !== undefined && strange), onNaming: setChosen };
}

export function ModelName({ options, onChange }: Props) {
  const words = useTexts(texts);
  return (
    <input
      className={styles.name}
      aria-label={words.modelName}
      placeholder={words.modelName}
      autoCapitalize="off"
      spellCheck={false}
      maxLength={200}
      value={options.model}
      onChange={(event) => onChange({ model: event.currentTarget.value })}
    />
  );
}

export function Tuning({ options, onChange }: Props) {
  const words = useTexts(texts);
  const most = useQuery(about).data?.max_tokens;
  return (
    <div className={styles.tuning}>
      <Input
        label={words.temperature}
        hint={words.temperatureHint}
        type="number"
        inputMode="decimal"
        min={0}
        max={2}
        step="any"
        value={options.temperature}
        onChange={(event) => onChange({ temperature: event.currentTarget.value })}
      />
      <Input
        label={words.length}
        hint={most && words.lengthHint(most)}
        type="number"
        inputMode="numeric"
        min={1}
        max={most}
        step={1}
        value={options.length}
        onChange={(event) => onChange({ length: event.currentTarget.value })}
      />
    </div>
  );
}

function grouped(listed: readonly Model[]): [string, Model[]][] {
  const found = new Map<string, Model[]>();
  for (const one of listed) found.set(one.provider, [...(found.get(one.provider) ?? []), one]);
  return [...found];
}
