/** What stands below one another: paragraphs, headings, lists, quotes. One entry for each token. */
import type { Links, MarkedToken, Token, Tokens } from "marked";
import { Fragment, memo, type ReactNode } from "react";
import { CodeBlock } from "./CodeBlock.tsx";
import { Formula } from "./Formula.tsx";
import { Inline } from "./Inline.tsx";
import styles from "./Markdown.module.css";
import { Table } from "./Table.tsx";

const HEADINGS = ["h3", "h3", "h4", "h5", "h6", "h6", "h6"] as const; // below the page's own

interface Context {
  links: Links;
  /** More may come of the last of them. */
  open: boolean;
  /** Within a list or a quote, which is written from one side: its first word tells from which. */
  nested?: boolean;
}

const side = (context: Context) => (context.nested ? {} : { dir: "auto" });

type Draw<T> = (token: T, context: Context) => ReactNode;
type FormulasToken = Tokens.Generic & { type: "formulas"; source: string; after: string };

interface Tokened {
  space: Draw<Tokens.Space>;
  def: Draw<Tokens.Def>;
  hr: Draw<Tokens.Hr>;
  heading: Draw<Tokens.Heading>;
  paragraph: Draw<Tokens.Paragraph>;
  blockquote: Draw<Tokens.Blockquote>;
  list: Draw<Tokens.List>;
  code: Draw<Tokens.Code>;
  table: Draw<Tokens.Table>;
  text: Draw<Tokens.Text>;
  formulas: Draw<FormulasToken>;
}

const DRAW: Tokened = {
  space: () => null,
  def: () => null,
  hr: () => <hr />,
  heading: (token, context) => {
    const Heading = HEADINGS[token.depth] ?? "h6";
    return (
      <Heading {...side(context)} data-depth={token.depth}>
        <Inline tokens={token.tokens} />
      </Heading>
    );
  },
  paragraph: (token, context) => (
    <p {...side(context)}>
      <Inline tokens={token.tokens} />
    </p>
  ),
  blockquote: (token, context) => (
    <blockquote {...side(context)}>
      <Flow tokens={token.tokens} {...context} nested />
    </blockquote>
  ),
  list: (token, context) => {
    const List = token.ordered ? "ol" : "ul";
    const start = token.ordered && token.start !== 1 ? { start: Number(token.start) } : {};
    return (
      <List {...side(context)} {...start}>
        {token.items.map((item, index) => (
          <Item
            // biome-ignore lint/suspicious/noArrayIndexKey: items have no name but their place
            key={index}
            item={item}
            links={context.links}
            open={context.open && index === token.items.length - 1}
          />
        ))}
      </List>
    );
  },
  code: (token, { open }) => <CodeBlock text={token.text} info={token.lang ?? ""} open={open} />,
  table: (token, { links }) => <Table source={token.raw} links={links} />,
  text: (token) => <Inline tokens={[token]} />,
  formulas: (token) => (
    <p>
      <Formula source={token.source} display written={token.raw.trim()} />
      {token.after}
    </p>
  ),
};

/** A list grows at its end: the items before it stay as they are. */
const Item = memo(
  function Item({ item, ...context }: Context & { item: Tokens.ListItem }) {
    return (
      <li className={item.task ? styles.task : undefined}>
        <Flow tokens={item.tokens} {...context} nested />
      </li>
    );
  },
  (before, after) =>
    before.item.raw === after.item.raw &&
    before.item.loose === after.item.loose &&
    before.open === after.open &&
    before.links === after.links,
);

export function Flow({ tokens, open, ...rest }: Context & { tokens: Token[] }) {
  return tokens.map((token, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: a token has no name but its place
    <Fragment key={index}>
      {drawn(token, { ...rest, open: open && index === tokens.length - 1 })}
    </Fragment>
  ));
}

function drawn(token: Token | MarkedToken, context: Context): ReactNode {
  if (Object.hasOwn(DRAW, token.type)) {
    return (DRAW[token.type as keyof Tokened] as Draw<Token>)(token, context);
  }
  return <Inline tokens={[token]} />; // a list's item may hold what stands in a line
}
