/** A user's role, and limits of one's own. */
import { useQueryClient } from "@tanstack/react-query";
import { changeUser, type ManagedUser } from "../api/admin.ts";
import { useTexts } from "../texts/texts.ts";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Input, Select } from "../ui/Field.tsx";
import { useForm } from "../ui/form.ts";
import { toast } from "../ui/toasts.ts";
import { Complaint } from "../ui/View.tsx";
import styles from "./Admin.module.css";
import { edits } from "./edits.ts";
import { texts } from "./texts.ts";

interface Props {
  onClose: () => void;
  onDone: (id: string) => void;
}

export function Edit({ user, ...rest }: Props & { user: ManagedUser | null }) {
  const words = useTexts(texts);
  return (
    <Dialog
      open={user !== null}
      onClose={rest.onClose}
      title={words.editTitle(user?.username ?? "")}
    >
      {user && <Form user={user} {...rest} />}
    </Dialog>
  );
}

function Form({ user, onClose, onDone }: Props & { user: ManagedUser }) {
  const words = useTexts(texts);
  const queries = useQueryClient();
  const form = useForm({
    fields: ["role", "max_runs", "daily_tokens"],
    async act(given) {
      const change = edits(user, given);
      if (Object.keys(change).length > 0) {
        await changeUser(user.id, change);
        await queries.invalidateQueries({ queryKey: ["admin", "users"] });
        toast(words.saved(user.username));
        onDone(user.id);
      }
      onClose();
    },
    suspect: (error) => (error.status === 409 ? "role" : null),
  });
  return (
    <form className={styles.form} onSubmit={form.onSubmit}>
      <Select label={words.role} name="role" defaultValue={user.role} problem={form.of("role")}>
        <option value="user">{words.user}</option>
        <option value="admin">{words.admin}</option>
      </Select>
      <Input
        label={words.maxRuns}
        name="max_runs"
        type="number"
        inputMode="numeric"
        min={0}
        step={1}
        defaultValue={user.max_runs ?? ""}
        hint={words.settingHint}
        problem={form.of("max_runs")}
      />
      <Input
        label={words.dailyTokens}
        name="daily_tokens"
        type="number"
        inputMode="numeric"
        min={0}
        step={1}
        defaultValue={user.daily_tokens ?? ""}
        hint={words.settingHint}
        problem={form.of("daily_tokens")}
      />
      {form.rest && <Complaint>{form.rest}</Complaint>}
      <Button type="submit" look="main" disabled={form.busy}>
        {words.save}
      </Button>
    </form>
  );
}
