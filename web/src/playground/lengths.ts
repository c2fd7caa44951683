/** Times and counts as they are shown. */
import { useMemo } from "react";
import { type Language, useLanguage } from "../texts/texts.ts";

const SECOND = 1000; // ms
const TENTHS = 10; // ms below which tenths of one are of interest

/** How a language writes times, given in milliseconds, and numbers. Making this takes its time. */
export function lengths(language: Language) {
  const one = (unit: string, least: number, most: number) =>
    new Intl.NumberFormat(language, {
      style: "unit",
      unit,
      unitDisplay: "narrow",
      minimumFractionDigits: least,
      maximumFractionDigits: most,
    });
  const short = one("millisecond", 0, 1);
  const whole = one("millisecond", 0, 0);
  const long = one("second", 1, 1);
  const plain = new Intl.NumberFormat(language);
  return {
    time: (ms: number): string => {
      if (ms >= SECOND) return long.format(ms / SECOND);
      return (ms < TENTHS ? short : whole).format(ms);
    },
    count: (value: number): string => plain.format(value),
  };
}

const made = new Map<Language, ReturnType<typeof lengths>>();

export function useLengths() {
  const language = useLanguage();
  return useMemo(() => {
    const found = made.get(language) ?? lengths(language);
    made.set(language, found);
    return found;
  }, [language]);
}
