/** The words of the playground. */
import type { Texts } from "../texts/texts.ts";
import { en } from "./en.ts";
import { vi } from "./vi.ts";

export const texts: Texts<typeof en> = { en, vi };
