/** The way in: signing in, and registering where the server takes anybody. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { Refused } from "#client";
import { register, signIn } from "../api/account.ts";
import { about, session } from "../api/conversations.ts";
import { at } from "../base.ts";
import { useTexts } from "../texts/texts.ts";
import { Button } from "../ui/Button.tsx";
import { ChooseLanguage } from "../ui/ChooseLanguage.tsx";
import { Input } from "../ui/Field.tsx";
import { texts as common } from "../ui/texts.ts";
import { complaint } from "../ui/Waiting.tsx";
import styles from "./Enter.module.css";
import { texts } from "./texts.ts";

type Way = "signIn" | "register";

interface Problem {
  field: string | null;
  text: string;
}

export function Enter() {
  const words = useTexts(texts);
  const unreachable = useTexts(common).unreachable;
  const queries = useQueryClient();
  const policy = useQuery(about).data?.registration;
  const invitation = new URLSearchParams(location.hash.slice(1)).get("invitation") ?? "";
  const [way, setWay] = useState<Way>(invitation ? "register" : "signIn");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);

  function turn(next: Way) {
    setProblem(null);
    setWay(next);
  }

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const given = Object.fromEntries(new FormData(event.currentTarget)) as Record<string, string>;
    setBusy(true);
    setProblem(null);
    try {
      if (way === "register") await register(joining(given));
      const user = await signIn((given.username ?? "").trim(), given.password ?? "");
      queries.removeQueries({ predicate: (one) => one.queryKey[0] !== session.queryKey[0] });
      queries.setQueryData(session.queryKey, user);
    } catch (error) {
      setProblem(judged(error, words.wrong, unreachable));
      setBusy(false);
    }
  }

  const problemOf = (field: string) => (problem?.field === field ? problem.text : null);
  const joins = way === "register";
  return (
    <main className={styles.page}>
      <div className={styles.card}>
        <h1 className={styles.brand}>Sluice</h1>
        <p className={styles.lead}>{words.lead}</p>
        {/* POST, so that what is typed never stands in an address, should the script fail. */}
        <form className={styles.form} method="post" onSubmit={submit} aria-label={words[way]}>
          <Input
            label={joins ? words.name : words.nameOrEmail}
            name="username"
            autoComplete="username"
            autoCapitalize="off"
            spellCheck={false}
            required
            maxLength={254}
            problem={problemOf("username")}
          />
          {joins && (
            <Input
              label={words.email}
              name="email"
              type="email"
              autoComplete="email"
              required
              maxLength={254}
              problem={problemOf("email")}
            />
          )}
          <Input
            label={words.password}
            name="password"
            type="password"
            autoComplete={joins ? "new-password" : "current-password"}
            required
            minLength={joins ? 8 : undefined}
            maxLength={1024}
            hint={joins ? words.passwordHint : undefined}
            problem={problemOf("password")}
          />
          {joins && policy === "invite" && (
            <Input
              label={words.invitation}
              name="invitation"
              required
              defaultValue={invitation}
              problem={problemOf("invitation")}
            />
          )}
          {problem &&
            !["username", "email", "password", "invitation"].includes(problem.field ?? "") && (
              <p role="alert" className={styles.problem}>
                {problem.text}
              </p>
            )}
          <Button look="main" type="submit" disabled={busy}>
            {words[way]}
          </Button>
        </form>
        <Other way={way} policy={policy} onChange={turn} />
        <Foot />
      </div>
    </main>
  );
}

function judged(error: unknown, wrong: string, unreachable: string): Problem {
  if (!(error instanceof Refused)) return { field: null, text: complaint(error, unreachable) };
  return { field: error.field, text: error.status === 401 ? wrong : error.message };
}

function joining({ username = "", email = "", password = "", invitation }: Record<string, string>) {
  const known = { username: username.trim(), email: email.trim(), password };
  return invitation ? { ...known, invitation: invitation.trim() } : known;
}

function Other(props: { way: Way; policy: string | undefined; onChange: (way: Way) => void }) {
  const words = useTexts(texts);
  if (props.way === "signIn" && props.policy === "closed") {
    return <p className={styles.other}>{words.closed}</p>;
  }
  const next: Way = props.way === "signIn" ? "register" : "signIn";
  return (
    <p className={styles.other}>
      {props.way === "signIn" ? words.newHere : words.known}{" "}
      <button type="button" className={styles.switch} onClick={() => props.onChange(next)}>
        {words[next]}
      </button>
    </p>
  );
}

function Foot() {
  const words = useTexts(texts);
  return (
    <footer className={styles.foot}>
      <p>
        {words.developers} <a href={at("playground")}>{words.playground}</a>{" "}
        <a href={at("docs")}>{words.api}</a>
      </p>
      <ChooseLanguage />
    </footer>
  );
}
