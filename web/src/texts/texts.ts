/** The page's words, in the reader's language. Each part of the page has a table of its own. */
import { useSyncExternalStore } from "react";

export const LANGUAGES = { en: "English", vi: "Tiếng Việt" } as const;
export type Language = keyof typeof LANGUAGES;

/** A table of words in each language: the compiler finds what is missing in one. */
export type Texts<T> = Record<Language, T>;

const KEPT = "sluice.language";
const heard = new Set<() => void>();
let chosen: Language = kept() ?? preferred();

export const language = (): Language => chosen;

export function choose(next: Language): void {
  chosen = next;
  document.documentElement.lang = next;
  try {
    localStorage.setItem(KEPT, next);
  } catch {
    // It holds for as long as the page is open.
  }
  for (const hear of heard) hear();
}

export function useLanguage(): Language {
  return useSyncExternalStore(subscribe, language);
}

export function useTexts<T>(texts: Texts<T>): T {
  return texts[useLanguage()];
}

function subscribe(hear: () => void): () => void {
  heard.add(hear);
  return () => heard.delete(hear);
}

function kept(): Language | null {
  try {
    const found = localStorage.getItem(KEPT) ?? "";
    return found in LANGUAGES ? (found as Language) : null;
  } catch {
    return null;
  }
}

function preferred(): Language {
  const known = navigator.languages.map((one) => one.slice(0, 2)).find((one) => one in LANGUAGES);
  return (known as Language | undefined) ?? "en";
}

document.documentElement.lang = chosen;
