/** The request as a program, in three languages, to be copied. */
import { Tabs } from "@base-ui/react/tabs";
import { useQuery } from "@tanstack/react-query";
import { Copy } from "lucide-react";
import { useRef, useState } from "react";
import { models } from "../../api/conversations.ts";
import { at, BASE } from "../../base.ts";
import { useTexts } from "../../texts/texts.ts";
import { Button } from "../../ui/Button.tsx";
import { LANGUAGES, type Language, snippet } from "../snippets/snippets.ts";
import { texts } from "../texts.ts";
import { request, type Values } from "../ways/request.ts";
import type { Way } from "../ways/ways.ts";
import card from "./Card.module.css";
import styles from "./Program.module.css";

export function Program(props: { way: Way; values: Values; bearer: boolean }) {
  const words = useTexts(texts);
  const model = useQuery(models).data?.default ?? "demo";
  const [language, setLanguage] = useState<Language>("curl");
  const asked = request(props.way, props.values, BASE.href);
  const text = (one: Language) => snippet(one, asked, { bearer: props.bearer, model });
  return (
    <Tabs.Root
      className={card.card}
      value={language}
      onValueChange={(next) => setLanguage(next as Language)}
    >
      <div className={card.head}>
        <h2>{words.code}</h2>
        <Tabs.List className={styles.tabs} aria-label={words.code} activateOnFocus>
          {Object.entries(LANGUAGES).map(([id, name]) => (
            <Tabs.Tab key={id} value={id} className={styles.tab}>
              {name}
            </Tabs.Tab>
          ))}
        </Tabs.List>
      </div>
      {Object.keys(LANGUAGES).map((id) => (
        <Tabs.Panel key={id} value={id} className={styles.panel} tabIndex={-1}>
          <Code text={text(id as Language)} name={LANGUAGES[id as Language]} />
        </Tabs.Panel>
      ))}
      <p className={card.hint}>
        {words.keyNote} <a href={at("settings")}>{words.keys}</a>
      </p>
    </Tabs.Root>
  );
}

function Code({ text, name }: { text: string; name: string }) {
  const words = useTexts(texts);
  const code = useRef<HTMLPreElement>(null);
  const [said, setSaid] = useState("");

  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      setSaid(words.copied);
    } catch {
      // Without https there is no clipboard: what is selected can be copied by hand.
      if (code.current) getSelection()?.selectAllChildren(code.current);
      setSaid(words.notCopied);
    }
  }

  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard */}
      <section className={styles.code} tabIndex={0} aria-label={name}>
        <pre ref={code}>{text}</pre>
      </section>
      <div className={styles.foot}>
        <Button icon={<Copy />} onClick={() => void copy()}>
          {words.copy}
        </Button>
        <span className={card.hint} role="status">
          {said}
        </span>
      </div>
    </>
  );
}
