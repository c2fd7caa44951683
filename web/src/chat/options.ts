/** How replies are to be written: kept in this browser, for the next conversation too. */
import { useState } from "react";

export interface Options {
  /** Empty: the server's standard. */
  model: string;
  temperature: string;
  length: string;
}

const KEPT = "sluice.options";
const NONE: Options = { model: "", temperature: "", length: "" };

export function useOptions(): [Options, (change: Partial<Options>) => void] {
  const [options, setOptions] = useState(kept);
  const change = (some: Partial<Options>) => {
    const next = { ...options, ...some };
    setOptions(next);
    try {
      localStorage.setItem(KEPT, JSON.stringify(next));
    } catch {
      // They hold for as long as the page is open.
    }
  };
  return [options, change];
}

/** As a request says it; what is left empty is left to the server. */
export function requested({ model, temperature, length }: Options): Record<string, unknown> {
  return {
    ...(model.trim() && { model: model.trim() }),
    ...(temperature !== "" && { temperature: Number(temperature) }),
    ...(length !== "" && { max_tokens: Number(length) }),
  };
}

function kept(): Options {
  try {
    const found = JSON.parse(localStorage.getItem(KEPT) ?? "{}") as Partial<Options>;
    const text = (value: unknown) => (typeof value === "string" ? value : "");
    return {
      model: text(found.model),
      temperature: text(found.temperature),
      length: text(found.length),
    };
  } catch {
    return NONE;
  }
}
