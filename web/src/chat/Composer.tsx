/** Where a message is written: with files, and with how it is to be answered. */
import { useQuery } from "@tanstack/react-query";
import { ArrowUp, Paperclip, SlidersHorizontal, Square } from "lucide-react";
import {
  type ClipboardEvent,
  type DragEvent,
  type FormEvent,
  type KeyboardEvent,
  useEffect,
  useRef,
  useState,
} from "react";
import { about } from "../api/conversations.ts";
import { useEnter } from "../settings/preferences.ts";
import { useTexts } from "../texts/texts.ts";
import { IconButton } from "../ui/Button.tsx";
import { toast } from "../ui/toasts.ts";
import { useStable } from "../ui/useStable.ts";
import styles from "./Composer.module.css";
import type { Draft } from "./draft.ts";
import { ChosenFiles } from "./Files.tsx";
import type { Options } from "./options.ts";
import { ModelName, Tuning, useNaming, WhichModel } from "./Tuning.tsx";
import { texts } from "./texts.ts";
import { type Uploads, useUploads } from "./uploads.ts";

const FEW = 10; // files of a message, unless the server says otherwise
const coarse = matchMedia("(pointer: coarse)");

interface Props {
  draft: Draft;
  /** A reply is being written: there is something to stop, and nothing can be sent. */
  busy: boolean;
  stopping: boolean;
  options: Options;
  onOptions: (change: Partial<Options>) => void;
  /** Resolves to whether it has gone; where not, it comes back into the box. */
  onSend: (text: string, files: Uploads["files"]) => Promise<boolean>;
  onStop: () => void;
}

export function Composer(props: Props) {
  const words = useTexts(texts);
  const most = useQuery(about).data?.media.files ?? FEW;
  const uploads = useUploads(most, () => toast(words.tooMany(most), { bad: true }));
  const naming = useNaming(props.options);
  const [tuning, setTuning] = useState(false);
  const [dragging, setDragging] = useState(false);
  const { draft, busy } = props;
  const [due, setDue] = useState(false); // to be sent as soon as its files have arrived
  const something = draft.text.trim() !== "" || uploads.chosen.length > 0;
  const ready = !busy && something && !uploads.failed;

  async function send() {
    if (!ready) return;
    setDue(!uploads.ready);
    if (!uploads.ready) return;
    const { text } = draft;
    const { files } = uploads;
    draft.set("");
    uploads.replace([]);
    if (await props.onSend(text, files)) return;
    draft.set(text);
    uploads.replace(files);
  }

  const settled = useStable(() => {
    if (uploads.failed || !uploads.chosen.length) setDue(false);
    else if (due && uploads.ready) void send();
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: whenever an upload has ended
  useEffect(settled, [uploads.ready, uploads.failed]);

  function submit(event: FormEvent) {
    event.preventDefault();
    void send();
  }

  const drag = {
    onDragOver(event: DragEvent) {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      setDragging(true);
    },
    onDragLeave: () => setDragging(false),
    onDrop(event: DragEvent) {
      if (!event.dataTransfer.files.length) return;
      event.preventDefault();
      setDragging(false);
      uploads.add(event.dataTransfer.files);
    },
  };

  return (
    <form
      className={styles.composer}
      data-dragging={dragging || undefined}
      onSubmit={submit}
      aria-label={words.message}
      {...drag}
    >
      <ChosenFiles uploads={uploads} />
      <Box draft={draft} onSend={() => void send()} onFiles={uploads.add} />
      {naming.naming && <ModelName options={props.options} onChange={props.onOptions} />}
      {tuning && <Tuning options={props.options} onChange={props.onOptions} />}
      <div className={styles.row}>
        <Attach onFiles={uploads.add} />
        <WhichModel options={props.options} onChange={props.onOptions} {...naming} />
        <IconButton
          label={words.options}
          icon={<SlidersHorizontal />}
          aria-expanded={tuning}
          onClick={() => setTuning(!tuning)}
        />
        <span className={styles.space} />
        {busy ? (
          <Stop stopping={props.stopping} onStop={props.onStop} />
        ) : (
          <IconButton
            look="main"
            type="submit"
            label={due ? words.sending : words.send}
            aria-disabled={!ready || due}
            icon={<ArrowUp />}
          />
        )}
      </div>
      {dragging && <p className={styles.drop}>{words.drop}</p>}
    </form>
  );
}

function Box(props: {
  draft: Draft;
  onSend: () => void;
  onFiles: (files: Iterable<File>) => void;
}) {
  const words = useTexts(texts);
  const enter = useEnter();
  const box = useRef<HTMLTextAreaElement>(null);
  const { draft } = props;

  useEffect(() => {
    if (!coarse.matches) box.current?.focus(); // on a phone it would open the keyboard
  }, []);

  function press(event: KeyboardEvent) {
    if (event.key !== "Enter" || event.nativeEvent.isComposing) return; // a word being composed
    const held = event.ctrlKey || event.metaKey;
    const sends = enter === "send" && !coarse.matches ? !event.shiftKey : held;
    if (!sends) return;
    event.preventDefault();
    props.onSend();
  }

  function paste(event: ClipboardEvent) {
    if (!event.clipboardData.files.length) return;
    event.preventDefault();
    props.onFiles(event.clipboardData.files);
  }

  return (
    <textarea
      ref={box}
      className={styles.box}
      aria-label={words.message}
      placeholder={words.placeholder}
      rows={1}
      dir="auto"
      maxLength={400_000}
      value={draft.text}
      onChange={(event) => draft.set(event.currentTarget.value)}
      onKeyDown={press}
      onPaste={paste}
    />
  );
}

function Stop({ stopping, onStop }: { stopping: boolean; onStop: () => void }) {
  const words = useTexts(texts);
  return (
    <IconButton
      look="main"
      label={stopping ? words.stopping : words.stop}
      aria-disabled={stopping}
      icon={<Square fill="currentColor" />}
      onClick={onStop}
    />
  );
}

function Attach({ onFiles }: { onFiles: (files: Iterable<File>) => void }) {
  const words = useTexts(texts);
  const types = useQuery(about).data?.media.types ?? [];
  const picker = useRef<HTMLInputElement>(null);
  return (
    <>
      <IconButton
        label={words.attach}
        icon={<Paperclip />}
        onClick={() => picker.current?.click()}
      />
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        accept={types.map((type) => (type === "text/plain" ? "text/*" : type)).join(",")}
        onChange={(event) => {
          onFiles(event.currentTarget.files ?? []);
          event.currentTarget.value = ""; // so that the same one can be chosen again
        }}
      />
    </>
  );
}
