/** What a model writes, while it is written and after. Of a growing text only the end is looked at
 * again; see `cutter.ts` for how, and `lex.ts` and `Inline.tsx` for what is not let through. */
import { memo, useMemo, useState } from "react";
import { type Block, Blocks } from "./blocks.ts";
import { CodeBlock } from "./CodeBlock.tsx";
import { fenced, pieces } from "./code.ts";
import { Flow } from "./Flow.tsx";
import { Formula } from "./Formula.tsx";
import { useGradually } from "./gradually.ts";
import { completed, lex } from "./lex.ts";
import styles from "./Markdown.module.css";
import { whole } from "./maths.ts";
import { Table } from "./Table.tsx";

const AT_ONCE = 2; // groups of blocks that are drawn together; a longer text is drawn bit by bit

export const Markdown = memo(function Markdown({
  text,
  open = false,
}: {
  text: string;
  open?: boolean;
}) {
  const [blocks] = useState(() => new Blocks());
  const groups = blocks.read(text, open);
  const shown = useGradually(groups.length, AT_ONCE);
  return (
    <div className={styles.markdown}>
      {groups.slice(0, shown).map((group, index) => (
        <Group key={group[0]?.key ?? index} blocks={group} />
      ))}
    </div>
  );
});

const Group = memo(function Group({ blocks }: { blocks: readonly Block[] }) {
  return blocks.map((block) => <One key={block.key} block={block} />);
});

const One = memo(
  function One({ block }: { block: Block }) {
    const { kind, source, open, links } = block;
    if (kind === "fence") return <Fence source={source} open={open} />;
    if (kind === "maths") return <Maths source={source} open={open} />;
    if (kind === "table") return <Table source={source} links={links} />;
    return <Marked block={block} />;
  },
  (before, after) => before.block === after.block,
);

function Fence({ source, open }: { source: string; open: boolean }) {
  const { info, text } = useMemo(() => fenced(source, open), [source, open]);
  return <CodeBlock text={text} info={info} open={open} />;
}

function Maths({ source, open }: { source: string; open: boolean }) {
  const found = open ? null : whole(source);
  if (!found) return <Plain source={source} />;
  return (
    <p>
      <Formula source={found.source} display written={source.trim()} />
      {found.after}
    </p>
  );
}

function Marked({ block: { source, open, links } }: { block: Block }) {
  const tokens = useMemo(
    () => lex(open ? completed(source) : source, links),
    [source, open, links],
  );
  return tokens ? <Flow tokens={tokens} links={links} open={open} /> : <Plain source={source} />;
}

/** As it is written. */
function Plain({ source }: { source: string }) {
  return pieces(source.trimEnd()).map((piece, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no other name
    <p key={index} dir="auto" className={styles.plain}>
      {piece}
    </p>
  ));
}
