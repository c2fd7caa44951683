/** What was asked: as it was typed, to be copied or put in other words. */
import { Pencil } from "lucide-react";
import { type FormEvent, type KeyboardEvent, useState } from "react";
import type { FileOfMessage, Message } from "../api/types.ts";
import { useTexts } from "../texts/texts.ts";
import { Button, IconButton } from "../ui/Button.tsx";
import type { Acts } from "./acts.ts";
import { Copy } from "./Copy.tsx";
import { FilesOf } from "./Files.tsx";
import styles from "./Message.module.css";
import { texts } from "./texts.ts";
import { Versions } from "./Versions.tsx";

export function Asked({ message, acts, busy }: { message: Message; acts: Acts; busy: boolean }) {
  const words = useTexts(texts);
  const [editing, setEditing] = useState(false);

  async function edit(content: string) {
    setEditing(false);
    if (!(await acts.edit(message.id, content))) setEditing(true);
  }

  return (
    <article className={styles.asked} aria-label={words.you}>
      <FilesOf files={message.files} />
      {editing ? (
        <Rewording text={message.content} onSend={edit} onCancel={() => setEditing(false)} />
      ) : (
        <>
          {message.content && <Bubble text={message.content} />}
          <div className={styles.acts}>
            <Versions message={message} acts={acts} busy={busy} />
            <Copy text={message.content} />
            <IconButton
              label={words.edit}
              icon={<Pencil />}
              aria-disabled={busy}
              onClick={() => busy || setEditing(true)}
            />
          </div>
        </>
      )}
    </article>
  );
}

/** What was asked a moment ago, and has not been heard of yet. */
export function Asking({ text, files }: { text: string; files: readonly FileOfMessage[] }) {
  const words = useTexts(texts);
  return (
    <article className={styles.asked} aria-label={words.you} data-pending>
      <FilesOf files={files} />
      {text && <Bubble text={text} />}
    </article>
  );
}

function Bubble({ text }: { text: string }) {
  return (
    <p className={styles.bubble} dir="auto">
      {text}
    </p>
  );
}

function Rewording(props: { text: string; onSend: (text: string) => void; onCancel: () => void }) {
  const words = useTexts(texts);
  const [text, setText] = useState(props.text);

  function submit(event: FormEvent) {
    event.preventDefault();
    if (text.trim()) props.onSend(text);
  }

  function press(event: KeyboardEvent) {
    if (event.key === "Escape") {
      event.preventDefault();
      props.onCancel();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event);
  }

  return (
    <form className={styles.rewording} onSubmit={submit} aria-label={words.edit}>
      <textarea
        className={styles.text}
        aria-label={words.message}
        // biome-ignore lint/a11y/noAutofocus: the reader has just asked to write here
        autoFocus
        dir="auto"
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={press}
      />
      <div className={styles.buttons}>
        <Button onClick={props.onCancel}>{words.cancelEdit}</Button>
        <Button look="main" type="submit" disabled={!text.trim()}>
          {words.saveEdit}
        </Button>
      </div>
    </form>
  );
}
