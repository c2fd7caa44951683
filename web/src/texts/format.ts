/** Numbers, sums and times, as the reader's language writes them. */
import type { Language } from "./texts.ts";

export const number = (value: number, language: Language): string =>
  new Intl.NumberFormat(language).format(value);

/** US dollars; small sums with the digits that matter. */
export function money(value: number, language: Language): string {
  const digits = value !== 0 && Math.abs(value) < 0.1 ? 5 : 2;
  return new Intl.NumberFormat(language, {
    style: "currency",
    currency: "USD",
    maximumFractionDigits: digits,
  }).format(value);
}

/** Seconds, or milliseconds below one. */
export function seconds(value: number, language: Language): string {
  const short = value < 1;
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit: short ? "millisecond" : "second",
    maximumFractionDigits: short ? 0 : 1,
  }).format(short ? value * 1000 : value);
}

export function bytes(value: number, language: Language): string {
  const units = ["byte", "kilobyte", "megabyte", "gigabyte"];
  const at = Math.min(units.length - 1, value < 1 ? 0 : Math.floor(Math.log10(value) / 3));
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit: units[at] ?? "byte",
    maximumFractionDigits: at ? 1 : 0,
  }).format(value / 1000 ** at);
}

export const time = (at: string | Date, language: Language): string =>
  new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(
    new Date(at),
  );

export const day = (at: string | Date, language: Language): string =>
  new Intl.DateTimeFormat(language, { dateStyle: "medium" }).format(new Date(at));
