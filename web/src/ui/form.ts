/** A form that asks the server: what it refuses stands at the field that it is about. */
import { type FormEvent, useState } from "react";
import { Refused } from "#client";
import { useTexts } from "../texts/texts.ts";
import { type Problem, placed } from "./problems.ts";
import { texts } from "./texts.ts";
import { complaint } from "./Waiting.tsx";

export type Given = Record<string, string>;

interface Options {
  fields: readonly string[];
  /** Asks. Throws what is to be told. */
  act: (given: Given, form: HTMLFormElement) => Promise<void>;
  /** The field that an error belongs to, where the server names none. */
  suspect?: (error: Refused, given: Given) => string | null;
}

export function useForm({ fields, act, suspect }: Options) {
  const unreachable = useTexts(texts).unreachable;
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);

  function judge(error: unknown, given: Given): Problem {
    if (!(error instanceof Refused)) return { field: null, text: complaint(error, unreachable) };
    const found = placed(error, fields);
    return { ...found, field: found.field ?? suspect?.(error, given) ?? null };
  }

  async function onSubmit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    if (busy) return;
    const form = event.currentTarget;
    const given = Object.fromEntries(new FormData(form)) as Given;
    setBusy(true);
    setProblem(null);
    try {
      await act(given, form);
    } catch (error) {
      const found = judge(error, given);
      setProblem(found);
      focusOn(form, found.field);
    } finally {
      setBusy(false);
    }
  }

  return {
    busy,
    onSubmit,
    clear: () => setProblem(null),
    /** What is wrong with a field. */
    of: (field: string) => (problem?.field === field ? problem.text : null),
    /** What is wrong, and with no field. */
    rest: problem && problem.field === null ? problem.text : null,
  };
}

function focusOn(form: HTMLFormElement, field: string | null): void {
  const found = field === null ? null : form.elements.namedItem(field);
  if (found instanceof HTMLElement) found.focus();
}
