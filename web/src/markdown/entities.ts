/** HTML's names for characters, the common ones. What is not among them stays as it is written. */

const NAMED = new Map(
  Object.entries({
    amp: "&",
    lt: "<",
    gt: ">",
    quot: '"',
    apos: "'",
    nbsp: "\u00a0",
    ensp: "\u2002",
    emsp: "\u2003",
    thinsp: "\u2009",
    shy: "\u00ad",
    copy: "©",
    reg: "®",
    trade: "™",
    hellip: "…",
    mdash: "—",
    ndash: "–",
    lsquo: "‘",
    rsquo: "’",
    ldquo: "“",
    rdquo: "”",
    laquo: "«",
    raquo: "»",
    bull: "•",
    middot: "·",
    times: "×",
    divide: "÷",
    minus: "−",
    plusmn: "±",
    le: "≤",
    ge: "≥",
    ne: "≠",
    asymp: "≈",
    equiv: "≡",
    infin: "∞",
    sum: "∑",
    radic: "√",
    deg: "°",
    micro: "µ",
    frac12: "½",
    frac14: "¼",
    frac34: "¾",
    sup2: "²",
    sup3: "³",
    larr: "←",
    rarr: "→",
    uarr: "↑",
    darr: "↓",
    harr: "↔",
    rArr: "⇒",
    hArr: "⇔",
    euro: "€",
    pound: "£",
    yen: "¥",
    cent: "¢",
    sect: "§",
    para: "¶",
    dagger: "†",
    alpha: "α",
    beta: "β",
    gamma: "γ",
    delta: "δ",
    epsilon: "ε",
    lambda: "λ",
    mu: "μ",
    pi: "π",
    sigma: "σ",
    theta: "θ",
    omega: "ω",
    Delta: "Δ",
    Omega: "Ω",
    Sigma: "Σ",
    check: "✓",
    checkmark: "✓",
    hearts: "♥",
  }),
);
const HIGHEST = 0x10ffff;
const REFERENCE = /&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z][a-zA-Z0-9]{1,15}));/g;

export function decoded(text: string): string {
  if (!text.includes("&")) return text;
  return text.replace(REFERENCE, (all, decimal?: string, hex?: string, name?: string) => {
    if (name) return NAMED.get(name) ?? all;
    return character(decimal ? Number.parseInt(decimal, 10) : Number.parseInt(hex ?? "0", 16));
  });
}

function character(code: number): string {
  const surrogate = code >= 0xd800 && code <= 0xdfff;
  return code === 0 || code > HIGHEST || surrogate ? "\ufffd" : String.fromCodePoint(code);
}
