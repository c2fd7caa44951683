/** What a client calls itself, in words that people know. Pure. */

const BROWSERS: [RegExp, string][] = [
  [/\bEdgA?\/|\bEdgiOS\//, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\bSamsungBrowser\//, "Samsung Internet"],
  [/\bVivaldi\//, "Vivaldi"],
  [/\bFirefox\/|\bFxiOS\//, "Firefox"],
  [/\bHeadlessChrome\/|\bChrome\/|\bCriOS\/|\bChromium\//, "Chrome"],
  [/\bVersion\/.*\bSafari\//, "Safari"],
];

const SYSTEMS: [RegExp, string][] = [
  [/\biPhone\b/, "iPhone"],
  [/\biPad\b/, "iPad"],
  [/\bAndroid\b/, "Android"],
  [/\bCrOS\b/, "ChromeOS"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b|\bMacintosh\b/, "macOS"],
  [/\bLinux\b|\bX11\b/, "Linux"],
];

const PROGRAMS: [RegExp, string][] = [
  [/^curl\//, "curl"],
  [/^Wget\//i, "Wget"],
  [/\baiohttp\//, "Python (aiohttp)"],
  [/^python-requests\//, "Python (requests)"],
  [/^python-httpx\//, "Python (httpx)"],
  [/^OpenAI\/Python\b/, "OpenAI SDK (Python)"],
  [/^OpenAI\/JS\b/, "OpenAI SDK (JavaScript)"],
  [/^(node|undici)\b/, "Node.js"],
  [/^Bun\//, "Bun"],
  [/^Deno\//, "Deno"],
  [/^Go-http-client\//, "Go"],
  [/^PostmanRuntime\//, "Postman"],
  [/^insomnia\//i, "Insomnia"],
];

const named = (table: [RegExp, string][], agent: string) =>
  table.find(([sign]) => sign.test(agent))?.[1];

/** A client: its name, and where it runs where that is known. Null for one that says nothing. */
export interface Client {
  name: string;
  system: string | null;
}

export function clientOf(agent: string): Client | null {
  const program = named(PROGRAMS, agent);
  if (program) return { name: program, system: null };
  const browser = named(BROWSERS, agent);
  if (browser) return { name: browser, system: named(SYSTEMS, agent) ?? null };
  const first = agent.trim().split(/[\s/(]/)[0] ?? "";
  return first && first !== "Mozilla" ? { name: first.slice(0, 40), system: null } : null;
}
