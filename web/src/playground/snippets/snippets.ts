/** A request as a program: for curl, Python or JavaScript. Pure. */
import type { Request } from "../ways/request.ts";
import { curl } from "./curl.ts";
import { javascript } from "./javascript.ts";
import { python } from "./python.ts";

/** What a snippet also depends on. */
export interface Circumstances {
  /** It brings a key: its reader is signed in, or has to be. */
  bearer: boolean;
  /** The server's default model, for libraries that insist on one. */
  model: string;
}

export const LANGUAGES = { curl: "curl", python: "Python", javascript: "JavaScript" } as const;
export type Language = keyof typeof LANGUAGES;

const WRITERS = { curl, python, javascript };

export const snippet = (language: Language, request: Request, how: Circumstances): string =>
  WRITERS[language](request, how);
