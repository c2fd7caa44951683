/** Where a developer tries the server's APIs, and sees what arrives and when. */
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { session } from "../api/conversations.ts";
import { useTexts } from "../texts/texts.ts";
import { useAsking } from "./asking.ts";
import styles from "./Playground.module.css";
import { useSetup } from "./setup.ts";
import { texts } from "./texts.ts";
import { Bar } from "./view/Bar.tsx";
import { Choice } from "./view/Choice.tsx";
import { Form } from "./view/Form.tsx";
import { More } from "./view/More.tsx";
import { Program } from "./view/Program.tsx";
import { Response } from "./view/Response.tsx";

const RUNS = "runs.get";

export default function Playground() {
  const words = useTexts(texts);
  const who = useQuery(session);
  const { way, values, choose, change } = useSetup();
  const { tape, running, ask, stop } = useAsking((run) => change({ run_id: run }));
  useEffect(() => {
    document.title = `${words.title} · Sluice`;
  }, [words]);

  function send() {
    ask(way, values);
    show();
  }

  return (
    <div className={styles.page}>
      <a className={styles.skip} href="#arrived">
        {words.skip}
      </a>
      <Bar user={who.data ?? null} known={!who.isPending} />
      <main className={styles.main}>
        <section className={`${styles.column} ${styles.request}`} aria-labelledby="request">
          <h2 id="request" className="hidden">
            {words.request}
          </h2>
          <Choice way={way} onChoose={choose} />
          <Form
            key={way.id}
            way={way}
            values={values}
            onChange={change}
            running={running}
            onSend={send}
          />
        </section>
        <Response
          tape={tape}
          running={running}
          onStop={stop}
          onFollow={way.id === RUNS ? null : () => choose(RUNS)}
        />
        <div className={styles.program}>
          <Program way={way} values={values} bearer={Boolean(who.data) || way.members === true} />
        </div>
      </main>
      <More />
    </div>
  );
}

/** On a narrow screen what arrives stands below what was asked: one is taken there. */
function show() {
  const arrived = document.getElementById("arrived");
  if (arrived && arrived.getBoundingClientRect().top > innerHeight / 2) arrived.scrollIntoView();
}
