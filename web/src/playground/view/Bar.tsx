/** The head of the playground: what this is, who one is, and the way back. */

import type { User } from "../../api/types.ts";
import { at } from "../../base.ts";
import { useTexts } from "../../texts/texts.ts";
import { texts } from "../texts.ts";
import styles from "./Bar.module.css";

export function Bar({ user, known }: { user: User | null; known: boolean }) {
  const words = useTexts(texts);
  return (
    <header className={styles.bar}>
      <div className={styles.title}>
        <a className={styles.brand} href={at("./")}>
          Sluice
        </a>
        <h1 className={styles.name}>{words.title}</h1>
      </div>
      <p className={styles.lead}>{words.lead}</p>
      <p className={styles.who}>{known && <Who user={user} />}</p>
    </header>
  );
}

function Who({ user }: { user: User | null }) {
  const words = useTexts(texts);
  if (user) {
    return (
      <>
        {words.signedIn(user.username)} <a href={at("./")}>{words.back}</a>
      </>
    );
  }
  return (
    <>
      {words.stranger} <a href={at("./")}>{words.signIn}</a>
    </>
  );
}
