/** Another password. */
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { changePassword, sessions } from "../api/settings.ts";
import type { User } from "../api/types.ts";
import { useTexts } from "../texts/texts.ts";
import { Button } from "../ui/Button.tsx";
import { Input } from "../ui/Field.tsx";
import { useForm } from "../ui/form.ts";
import { toast } from "../ui/toasts.ts";
import { Complaint, Section } from "../ui/View.tsx";
import styles from "./Settings.module.css";
import { texts } from "./texts.ts";

export function Password({ user }: { user: User }) {
  const words = useTexts(texts);
  const queries = useQueryClient();
  const [shown, setShown] = useState(false);
  const type = shown ? "text" : "password";
  const form = useForm({
    fields: ["current_password", "new_password"],
    async act(given, element) {
      await changePassword(given.current_password ?? "", given.new_password ?? "");
      element.reset();
      setShown(false);
      toast(words.changed);
      await queries.invalidateQueries({ queryKey: sessions.queryKey });
    },
    suspect: (error) => (error.status === 403 ? "current_password" : null),
  });
  return (
    <Section id="password" title={words.password} lead={words.passwordLead}>
      <form
        className={styles.form}
        method="post"
        onSubmit={form.onSubmit}
        aria-label={words.password}
      >
        {/* For password managers: whose password it is. */}
        <input type="text" autoComplete="username" value={user.username} readOnly hidden />
        <Input
          label={words.current}
          name="current_password"
          type={type}
          autoComplete="current-password"
          required
          maxLength={1024}
          problem={form.of("current_password")}
        />
        <Input
          label={words.next}
          name="new_password"
          type={type}
          autoComplete="new-password"
          required
          minLength={8}
          maxLength={1024}
          hint={words.nextHint}
          problem={form.of("new_password")}
        />
        <label className={styles.check}>
          <input
            type="checkbox"
            checked={shown}
            onChange={(event) => setShown(event.currentTarget.checked)}
          />
          {words.reveal}
        </label>
        {form.rest && <Complaint>{form.rest}</Complaint>}
        <Button type="submit" look="main" disabled={form.busy}>
          {words.change}
        </Button>
      </form>
    </Section>
  );
}
