/** The languages of code: as they are written after a fence, as they are named, as they are known
 * to the highlighter. */

export interface Language {
  /** The highlighter's name; null where it knows none. */
  id: string | null;
  /** For people; empty where nothing is said. */
  name: string;
}

const LONGEST = 24; // characters of a name that is not known
const KNOWN: [string, string, string][] = [
  ["bash", "Shell", "bash sh zsh shell console shell-session shellsession ksh"],
  ["c", "C", "c h"],
  ["cpp", "C++", "cpp c++ cc cxx hpp hxx"],
  ["csharp", "C#", "csharp c# cs"],
  ["css", "CSS", "css scss less"],
  ["diff", "Diff", "diff patch"],
  ["dockerfile", "Dockerfile", "dockerfile docker containerfile"],
  ["go", "Go", "go golang"],
  ["ini", "INI", "ini conf cfg properties env dotenv"],
  ["ini", "TOML", "toml"],
  ["java", "Java", "java"],
  ["javascript", "JavaScript", "javascript js mjs cjs node"],
  ["javascript", "JSX", "jsx"],
  ["json", "JSON", "json json5 jsonc jsonl ndjson"],
  ["kotlin", "Kotlin", "kotlin kt kts"],
  ["markdown", "Markdown", "markdown md mdx"],
  ["php", "PHP", "php"],
  ["python", "Python", "python py python3 py3 pyi ipython gyp"],
  ["python-repl", "Python", "pycon python-repl"],
  ["ruby", "Ruby", "ruby rb"],
  ["rust", "Rust", "rust rs"],
  ["sql", "SQL", "sql postgresql postgres psql mysql sqlite plsql tsql"],
  ["swift", "Swift", "swift"],
  ["typescript", "TypeScript", "typescript ts mts cts"],
  ["typescript", "TSX", "tsx"],
  ["xml", "HTML", "html htm xhtml vue svelte"],
  ["xml", "XML", "xml svg rss atom plist"],
  ["yaml", "YAML", "yaml yml"],
];
const BY_ALIAS = new Map(
  KNOWN.flatMap(([id, name, aliases]) =>
    aliases.split(" ").map((alias) => [alias, { id, name }] as const),
  ),
);
const PLAIN = new Set(["text", "txt", "plain", "plaintext", "output", "none"]);

/** What a fence's info string says of the language. */
export function language(info: string): Language {
  const word = /^\{?\.?(?:language-)?([^\s{},:]*)/.exec(info.trim())?.[1] ?? "";
  const known = BY_ALIAS.get(word.toLowerCase());
  if (known) return known;
  return { id: null, name: PLAIN.has(word.toLowerCase()) ? "" : word.slice(0, LONGEST) };
}
