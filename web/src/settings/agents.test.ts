import assert from "node:assert/strict";
import { test } from "node:test";
import { clientOf } from "./agents.ts";

const WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)";
const AGENTS: [agent: string, name: string | null, system: string | null][] = [
  [`Mozilla/5.0 (X11; Linux x86_64) ${WEBKIT} Chrome/126.0.0.0 Safari/537.36`, "Chrome", "Linux"],
  [
    `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${WEBKIT} Chrome/126.0 Safari/537.36 Edg/126.0`,
    "Edge",
    "Windows",
  ],
  [
    `Mozilla/5.0 (Linux; Android 14; Pixel 8) ${WEBKIT} Chrome/126.0 Mobile Safari/537.36`,
    "Chrome",
    "Android",
  ],
  [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 Version/17.5 Safari/605.1.15",
    "Safari",
    "macOS",
  ],
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1",
    "Safari",
    "iPhone",
  ],
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 CriOS/126.0 Mobile/15E148 Safari/604.1",
    "Chrome",
    "iPhone",
  ],
  [
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Firefox",
    "Linux",
  ],
  [
    `Mozilla/5.0 (X11; Linux x86_64) ${WEBKIT} HeadlessChrome/126.0 Safari/537.36`,
    "Chrome",
    "Linux",
  ],
  ["curl/8.5.0", "curl", null],
  ["Python/3.11 aiohttp/3.9.5", "Python (aiohttp)", null],
  ["OpenAI/Python 1.35.0", "OpenAI SDK (Python)", null],
  ["node", "Node.js", null],
  ["my-bot/2.1 (+https://example.com)", "my-bot", null],
  ["", null, null],
  ["Mozilla/5.0 (compatible)", null, null],
];

for (const [agent, name, system] of AGENTS) {
  test(`${agent || "nothing"} is ${name ?? "unknown"}`, () => {
    assert.deepEqual(clientOf(agent), name === null ? null : { name, system });
  });
}
