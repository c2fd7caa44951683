/** Points for a user. */
import { grant, type ManagedUser } from "../api/admin.ts";
import { number } from "../texts/format.ts";
import { useLanguage, useTexts } from "../texts/texts.ts";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Input } from "../ui/Field.tsx";
import { useForm } from "../ui/form.ts";
import { toast } from "../ui/toasts.ts";
import { Complaint } from "../ui/View.tsx";
import styles from "./Admin.module.css";
import { texts } from "./texts.ts";

const MOST = 1_000_000_000; // in one grant

export function Give({ user, onClose }: { user: ManagedUser | null; onClose: () => void }) {
  const words = useTexts(texts);
  return (
    <Dialog open={user !== null} onClose={onClose} title={words.pointsTitle(user?.username ?? "")}>
      {user && <Form user={user} onClose={onClose} />}
    </Dialog>
  );
}

function Form({ user, onClose }: { user: ManagedUser; onClose: () => void }) {
  const words = useTexts(texts);
  const language = useLanguage();
  const form = useForm({
    fields: ["amount", "note"],
    async act(given) {
      const { balance } = await grant(user.id, Number(given.amount), (given.note ?? "").trim());
      toast(words.given(user.username, number(balance, language)));
      onClose();
    },
  });
  return (
    <form className={styles.form} onSubmit={form.onSubmit}>
      <Input
        label={words.amount}
        name="amount"
        type="number"
        min={-MOST}
        max={MOST}
        step={1}
        required
        hint={words.amountHint}
        problem={form.of("amount")}
      />
      <Input
        label={words.note}
        name="note"
        autoComplete="off"
        maxLength={200}
        problem={form.of("note")}
      />
      {form.rest && <Complaint>{form.rest}</Complaint>}
      <Button type="submit" look="main" disabled={form.busy}>
        {words.give}
      </Button>
    </form>
  );
}
