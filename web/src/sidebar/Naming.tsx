/** Gives a conversation another title. */
import { type FormEvent, useState } from "react";
import { rename } from "../api/conversations.ts";
import type { Conversation } from "../api/types.ts";
import { useLives } from "../live/context.tsx";
import { useTexts } from "../texts/texts.ts";
import { Button } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Input } from "../ui/Field.tsx";
import styles from "./List.module.css";
import { texts } from "./texts.ts";

export default function Naming({ one, onClose }: { one: Conversation; onClose: () => void }) {
  const words = useTexts(texts);
  const lives = useLives();
  const [problem, setProblem] = useState<string | null>(null);

  async function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const title = String(new FormData(event.currentTarget).get("title")).trim();
    try {
      await rename(one.id, title);
      lives.tell(one.id);
      onClose();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  }

  return (
    <Dialog open onClose={onClose} title={words.rename}>
      <form className={styles.naming} onSubmit={submit}>
        <Input
          label={words.title}
          name="title"
          defaultValue={one.title}
          required
          maxLength={200}
          dir="auto"
          problem={problem}
        />
        <Button look="main" type="submit">
          {words.save}
        </Button>
      </form>
    </Dialog>
  );
}
