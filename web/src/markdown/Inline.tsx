/** What stands in a line: emphasis, code, links, pictures, formulas. One entry for each token. */
import { Image as ImageIcon } from "lucide-react";
import type { MarkedToken, Token, Tokens } from "marked";
import { Fragment, type ReactNode } from "react";
import { useTexts } from "../texts/texts.ts";
import { decoded } from "./entities.ts";
import { Formula } from "./Formula.tsx";
import styles from "./Markdown.module.css";
import { texts } from "./texts.ts";
import { address, host } from "./urls.ts";

const SHOWN = 200; // characters of an address that is no link
const BREAK = /^<br[ \t]*\/?>$/i; // the one tag that is heard: it is how a table's cell has lines

type Draw<T> = (token: T, linked: boolean) => ReactNode;
type FormulaToken = Tokens.Generic & { type: "formula"; source: string; display: boolean };

interface Table {
  text: Draw<Tokens.Text>;
  escape: Draw<Tokens.Escape>;
  strong: Draw<Tokens.Strong>;
  em: Draw<Tokens.Em>;
  del: Draw<Tokens.Del>;
  codespan: Draw<Tokens.Codespan>;
  br: Draw<Tokens.Br>;
  html: Draw<Tokens.Tag>;
  link: Draw<Tokens.Link>;
  image: Draw<Tokens.Image>;
  checkbox: Draw<Tokens.Checkbox>;
  formula: Draw<FormulaToken>;
}

const DRAW: Table = {
  text: (token, linked) => {
    if (token.tokens) return <Inline tokens={token.tokens} linked={linked} />;
    return token.escaped ? token.text : decoded(token.text);
  },
  escape: (token) => token.text,
  strong: (token, linked) => (
    <strong>
      <Inline tokens={token.tokens} linked={linked} />
    </strong>
  ),
  em: (token, linked) => (
    <em>
      <Inline tokens={token.tokens} linked={linked} />
    </em>
  ),
  del: (token, linked) => (
    <del>
      <Inline tokens={token.tokens} linked={linked} />
    </del>
  ),
  codespan: (token) => <code className={styles.code}>{token.text}</code>,
  br: () => <br />,
  html: (token) => (BREAK.test(token.raw) ? <br /> : token.raw),
  link: (token, linked) => <Link token={token} linked={linked} />,
  image: (token, linked) => <Picture token={token} linked={linked} />,
  checkbox: (token) => <Box done={token.checked} />,
  formula: (token) => <Formula source={token.source} display={token.display} written={token.raw} />,
};

/** `linked`: within a link, which can hold no other. */
export function Inline({ tokens, linked = false }: { tokens: Token[]; linked?: boolean }) {
  return tokens.map((token, index) => {
    const made = drawn(token, linked);
    // biome-ignore lint/suspicious/noArrayIndexKey: a token has no name but its place
    return typeof made === "string" ? made : <Fragment key={index}>{made}</Fragment>;
  });
}

function drawn(token: Token | MarkedToken, linked: boolean): ReactNode {
  if (!Object.hasOwn(DRAW, token.type)) return token.raw;
  return (DRAW[token.type as keyof Table] as Draw<Token>)(token, linked);
}

function Link({ token, linked }: { token: Tokens.Link; linked: boolean }) {
  const inner = token.autolink ? token.text : <Inline tokens={token.tokens} linked />;
  const href = linked ? null : address(token.href);
  if (href) {
    return (
      <a href={href} target="_blank" rel="noopener noreferrer" className={styles.link}>
        {inner}
      </a>
    );
  }
  const said = token.autolink || linked || !token.href;
  return (
    <>
      {inner}
      {!said && <bdi> ({token.href.slice(0, SHOWN)})</bdi>}
    </>
  );
}

/** A picture is not fetched: its address could carry away what was said. It can be opened. */
function Picture({ token, linked }: { token: Tokens.Image; linked: boolean }) {
  const words = useTexts(texts);
  const from = host(token.href);
  const href = linked ? null : address(token.href);
  const inner = (
    <>
      <ImageIcon aria-hidden="true" />
      <bdi>{decoded(token.text) || words.image}</bdi>
      {from && <bdi className={styles.host}>{from}</bdi>}
    </>
  );
  if (!from || !href) return <span className={styles.picture}>{inner}</span>;
  return (
    <a
      href={href}
      target="_blank"
      rel="noopener noreferrer"
      className={styles.picture}
      title={words.opens(from)}
    >
      {inner}
    </a>
  );
}

function Box({ done }: { done: boolean }) {
  const words = useTexts(texts);
  return (
    <input
      type="checkbox"
      className={styles.box}
      checked={done}
      disabled
      readOnly
      aria-label={done ? words.done : words.todo}
    />
  );
}
