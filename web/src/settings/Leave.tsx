/** The way out, for good. */
import { useRef, useState } from "react";
import { leave } from "../api/settings.ts";
import type { User } from "../api/types.ts";
import { useTexts } from "../texts/texts.ts";
import { Button } from "../ui/Button.tsx";
import { Confirm } from "../ui/Dialog.tsx";
import { Input } from "../ui/Field.tsx";
import { useForm } from "../ui/form.ts";
import { useGoodbye } from "../ui/useGoodbye.ts";
import { Complaint, Section } from "../ui/View.tsx";
import styles from "./Settings.module.css";
import { texts } from "./texts.ts";

export function Leave({ user }: { user: User }) {
  const words = useTexts(texts);
  const goodbye = useGoodbye();
  const element = useRef<HTMLFormElement>(null);
  const sure = useRef(false);
  const [asking, setAsking] = useState(false);
  const form = useForm({
    fields: ["password"],
    async act(given) {
      if (!sure.current) return setAsking(true);
      sure.current = false;
      await leave(given.password ?? "");
      goodbye();
    },
    suspect: (error) => (error.status === 403 ? "password" : null),
  });

  function confirm() {
    sure.current = true;
    element.current?.requestSubmit();
  }

  return (
    <Section id="leave" title={words.leave} lead={words.leaveLead}>
      <form
        ref={element}
        className={styles.form}
        method="post"
        onSubmit={form.onSubmit}
        aria-label={words.leave}
      >
        <input type="text" autoComplete="username" value={user.username} readOnly hidden />
        <Input
          label={words.leavePassword}
          name="password"
          type="password"
          autoComplete="current-password"
          required
          maxLength={1024}
          problem={form.of("password")}
        />
        {form.rest && <Complaint>{form.rest}</Complaint>}
        <Button type="submit" look="danger" disabled={form.busy}>
          {words.leave}
        </Button>
      </form>
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        onConfirm={confirm}
        title={words.leaveTitle}
        text={words.leaveText(user.username)}
        action={words.leaveAction}
      />
    </Section>
  );
}
