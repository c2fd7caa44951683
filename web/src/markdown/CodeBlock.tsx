/** A block of code: its language, a button that copies it, its text; coloured once it is complete. */
import { Check, Copy } from "lucide-react";
import { memo, useEffect, useMemo, useState } from "react";
import { useTexts } from "../texts/texts.ts";
import { IconButton } from "../ui/Button.tsx";
import { useCopying } from "../ui/useCopying.ts";
import styles from "./Code.module.css";
import { isShort, pieces } from "./code.ts";
import { later } from "./idle.ts";
import { language } from "./languages.ts";
import type { Run } from "./looks.ts";
import { Scroll } from "./Scroll.tsx";
import { texts } from "./texts.ts";

export const CodeBlock = memo(function CodeBlock(props: {
  text: string;
  info: string;
  open: boolean;
}) {
  const words = useTexts(texts);
  const { id, name } = language(props.info);
  const parts = useMemo(() => pieces(props.text), [props.text]);
  const coloured = !props.open && id !== null && isShort(props.text) ? id : null;
  return (
    <div className={styles.block}>
      <div className={styles.head}>
        <bdi>{name || words.plainCode}</bdi>
        <CopyCode text={props.text} />
      </div>
      <Scroll label={words.code(name)}>
        <pre className={styles.pre} dir="ltr">
          <code>
            {parts.map((part, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: pieces have no other name
              <Part key={index} text={part} language={coloured} />
            ))}
          </code>
        </pre>
      </Scroll>
    </div>
  );
});

function CopyCode({ text }: { text: string }) {
  const words = useTexts(texts);
  const { done, act } = useCopying(text);
  return (
    <>
      <IconButton
        className={styles.copy}
        label={done ? words.copied : words.copy}
        icon={done ? <Check /> : <Copy />}
        onClick={act}
      />
      <span className="hidden" role="status">
        {done ? words.copied : ""}
      </span>
    </>
  );
}

const Part = memo(function Part({ text, language }: { text: string; language: string | null }) {
  const [found, setFound] = useState<{ of: string; runs: Run[] } | null>(null);
  useEffect(() => {
    if (language === null) return;
    let off = () => {};
    let wanted = true;
    import("./highlight.ts").then(
      ({ highlight }) => {
        if (!wanted) return;
        off = later(() => {
          const runs = highlight(text, language);
          if (runs) setFound({ of: text, runs });
        });
      },
      () => {}, // it stays plain
    );
    return () => {
      wanted = false;
      off();
    };
  }, [text, language]);
  const runs = language !== null && found?.of === text ? found.runs : null;
  return <span className={styles.part}>{runs ? runs.map(coloured) : text}</span>;
});

function coloured({ text, look }: Run, index: number) {
  if (!look) return text;
  return (
    <span key={index} className={styles[look]}>
      {text}
    </span>
  );
}
