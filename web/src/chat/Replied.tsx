/** What was replied: while it is written, and after; and how it ended. */
import { RefreshCw } from "lucide-react";
import type { ReactNode } from "react";
import type { Message } from "../api/types.ts";
import { useReply } from "../live/context.tsx";
import type { View } from "../live/reply.ts";
import { Markdown } from "../markdown/Markdown.tsx";
import { useTexts } from "../texts/texts.ts";
import { Button, IconButton } from "../ui/Button.tsx";
import type { Acts } from "./acts.ts";
import { Copy } from "./Copy.tsx";
import { Figures } from "./Figures.tsx";
import styles from "./Message.module.css";
import { texts } from "./texts.ts";
import { Versions } from "./Versions.tsx";

interface Props {
  message: Message;
  acts: Acts;
  busy: boolean;
  last: boolean;
}

export function Replied({ message, acts, busy, last }: Props) {
  const words = useTexts(texts);
  const live = useReply(message.run_id);
  const writing = message.status === "streaming" && !live?.over;
  // What is stored is shown at last, but not before all that was being shown has been.
  const text = live && (message.status === "streaming" || !live.over) ? live.text : message.content;
  return (
    <article className={styles.replied} aria-label={words.reply} aria-busy={writing}>
      {text && <Markdown text={text} open={writing} />}
      {writing && <Progress text={text} live={live} />}
      <Outcome message={message} live={live} empty={!text}>
        <Button
          icon={<RefreshCw />}
          aria-disabled={busy}
          onClick={() => busy || acts.regenerate(message.id)}
        >
          {words.retry}
        </Button>
      </Outcome>
      {!writing && (
        <div className={styles.acts} data-last={last || undefined}>
          <Versions message={message} acts={acts} busy={busy} />
          {text && <Copy text={text} />}
          <IconButton
            label={words.regenerate}
            icon={<RefreshCw />}
            aria-disabled={busy}
            onClick={() => busy || acts.regenerate(message.id)}
          />
          <Figures message={message} />
        </div>
      )}
    </article>
  );
}

/** That something is to come: before the first word, and where the connection has gone. */
function Progress({ text, live }: { text: string; live: View | null }) {
  const words = useTexts(texts);
  if (live?.line === "waiting") return <p className={styles.note}>{words.reconnecting}</p>;
  if (text) return null;
  return (
    <p className={styles.dots}>
      <span className="hidden">{words.thinking}</span>
      <i />
      <i />
      <i />
    </p>
  );
}

/** How it ended, where that is not as it should. */
function Outcome(props: {
  message: Message;
  live: View | null;
  empty: boolean;
  children: ReactNode;
}) {
  const words = useTexts(texts);
  const { message, live, empty } = props;
  const code = live?.failure?.code ?? message.code;
  if (code) {
    return (
      <div className={styles.failed} role="alert">
        <p>{words.failed[code] ?? live?.failure?.text ?? words.failed.internal}</p>
        {props.children}
      </div>
    );
  }
  if (message.status === "streaming") return null;
  const note = { cancelled: words.partial, length: words.long, content_filter: words.filtered }[
    message.finish_reason ?? ""
  ];
  if (note) return <p className={styles.note}>{note}</p>;
  if (message.status === "partial") return <p className={styles.note}>{words.partial}</p>;
  return empty ? <p className={styles.note}>{words.empty}</p> : null;
}
