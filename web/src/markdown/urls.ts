/** Which addresses in a model's text may become links: http, https and mailto, and no disguises. */

const SCHEME = /^(?:https?:\/\/|mailto:)/i;
// Controls, spaces, and what turns or hides text; also the backslash, which browsers read as `/`.
const UNFIT =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0020\u007f-\u00a0\u00ad\u061c\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\\]/;
const LONGEST = 4096; // characters

/** The address to link to, or null when the text must not be a link. */
export function address(written: string): string | null {
  const text = written.replaceAll("&amp;", "&");
  if (text.length > LONGEST || UNFIT.test(text) || !SCHEME.test(text)) return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url) return null;
  if (url.protocol === "mailto:") return url.pathname.includes("@") ? url.href : null;
  return url.hostname && !url.username && !url.password ? url.href : null;
}

/** The host of an address that may be linked to by http or https, else null. */
export function host(written: string): string | null {
  const found = address(written);
  return found && !found.startsWith("mailto:") ? new URL(found).host : null;
}
