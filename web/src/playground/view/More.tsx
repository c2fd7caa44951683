/** Where else one can look: the pages that stand by themselves, and the client for front ends. */

import { at, BASE } from "../../base.ts";
import { useTexts } from "../../texts/texts.ts";
import { ChooseLanguage } from "../../ui/ChooseLanguage.tsx";
import { texts } from "../texts.ts";
import styles from "./More.module.css";

const EXAMPLE = `import { stream } from "${new URL("sluice.js", BASE).href}";
for await (const { data } of stream("/api/v1/query/stream", { body: { query: "Hello" } })) console.log(data);`;

export function More() {
  const words = useTexts(texts);
  return (
    <footer className={styles.more}>
      <section className={styles.part} aria-labelledby="more">
        <h2 id="more">{words.more}</h2>
        <ul className={styles.links}>
          {Object.entries(words.pages).map(([path, name]) => (
            <li key={path}>
              <a href={at(path)}>{name}</a>
            </li>
          ))}
        </ul>
        <ChooseLanguage />
      </section>
      <section className={styles.part}>
        <p>{words.client}</p>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard */}
        <section className={styles.code} tabIndex={0} aria-label="sluice.js">
          <pre>{EXAMPLE}</pre>
        </section>
      </section>
    </footer>
  );
}
