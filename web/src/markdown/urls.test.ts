import assert from "node:assert/strict";
import { test } from "node:test";
import { address, host } from "./urls.ts";

const GOOD: [string, string][] = [
  ["https://example.com", "https://example.com/"],
  ["HTTP://Example.com/a?b=c#d", "http://example.com/a?b=c#d"],
  ["https://example.com/?a=1&amp;b=2", "https://example.com/?a=1&b=2"],
  ["https://example.com:8080/ä", "https://example.com:8080/%C3%A4"],
  ["https://bücher.example/", "https://xn--bcher-kva.example/"],
  ["mailto:ann@example.com", "mailto:ann@example.com"],
  ["https://[::1]/", "https://[::1]/"],
];

for (const [written, expected] of GOOD) {
  test(`${written} may be linked to`, () => assert.equal(address(written), expected));
}

const BAD = [
  "",
  "#top",
  "/docs",
  "docs/page.html",
  "//example.com/x",
  "example.com",
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  " javascript:alert(1)",
  "java\tscript:alert(1)",
  "java\nscript:alert(1)",
  "\u0001javascript:alert(1)",
  "javascript&colon;alert(1)",
  "javascript&#58;alert(1)",
  "&#106;avascript:alert(1)",
  "data:text/html,<script>alert(1)</script>",
  "vbscript:msgbox(1)",
  "file:///etc/passwd",
  "blob:https://example.com/1",
  "about:blank",
  "view-source:https://example.com",
  "ftp://example.com/",
  "intent://x#Intent;end",
  "https:example.com",
  "https:/example.com",
  "https:\\\\example.com",
  "https://example.com\\@evil.example",
  "https://user:word@example.com/",
  "https://google.com@evil.example/",
  "https://",
  "https://exa mple.com/",
  "https://example.com/\u202egnp.exe",
  "https://example.com/\u200b",
  "https://example.com/\u0000",
  "https://%00/",
  "mailto:",
  "mailto:nobody",
  "mailto:a@b.example\r\nBcc: c@d.example",
  `https://example.com/${"a".repeat(5000)}`,
];

for (const written of BAD) {
  test(`${JSON.stringify(written).slice(0, 60)} may not`, () =>
    assert.equal(address(written), null));
}

test("a host is told of what is fetched, and of nothing else", () => {
  assert.equal(host("https://example.com:81/a.png"), "example.com:81");
  assert.equal(host("mailto:a@example.com"), null);
  assert.equal(host("data:image/png;base64,AA"), null);
});
