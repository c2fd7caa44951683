/** What one is called, and where one is written to. */
import { useQueryClient } from "@tanstack/react-query";
import { session } from "../api/conversations.ts";
import { changeMe } from "../api/settings.ts";
import type { User } from "../api/types.ts";
import { useTexts } from "../texts/texts.ts";
import { Button } from "../ui/Button.tsx";
import { Input } from "../ui/Field.tsx";
import { useForm } from "../ui/form.ts";
import { toast } from "../ui/toasts.ts";
import { Complaint, Section } from "../ui/View.tsx";
import { changes } from "./changes.ts";
import styles from "./Settings.module.css";
import { texts } from "./texts.ts";

const FIELDS = ["username", "email"];

export function Profile({ user }: { user: User }) {
  const words = useTexts(texts);
  const queries = useQueryClient();
  const form = useForm({
    fields: FIELDS,
    async act(given) {
      const changed = changes(user, given);
      if (Object.keys(changed).length === 0) return toast(words.unchanged);
      queries.setQueryData(session.queryKey, await changeMe(changed));
      toast(words.saved);
    },
    suspect(_, given) {
      const changed = Object.keys(changes(user, given));
      return changed.length === 1 ? (changed[0] ?? null) : null; // which else could it be
    },
  });
  return (
    <Section id="profile" title={words.profile}>
      <form className={styles.form} onSubmit={form.onSubmit} aria-label={words.profile}>
        <Input
          label={words.name}
          name="username"
          autoComplete="username"
          autoCapitalize="off"
          spellCheck={false}
          required
          maxLength={64}
          defaultValue={user.username}
          hint={words.nameHint}
          problem={form.of("username")}
        />
        <Input
          label={words.email}
          name="email"
          type="email"
          autoComplete="email"
          required={user.email !== null}
          maxLength={254}
          defaultValue={user.email ?? ""}
          problem={form.of("email")}
        />
        {form.rest && <Complaint>{form.rest}</Complaint>}
        <Button type="submit" look="main" disabled={form.busy}>
          {words.save}
        </Button>
      </form>
    </Section>
  );
}
