/** Search over all that was said, at Ctrl-K: words in, messages out, by keyboard or by hand. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useDeferredValue, useEffect, useId, useState } from "react";
import { useLocation } from "wouter";
import { hits } from "../api/conversations.ts";
import type { Hit } from "../api/types.ts";
import { time } from "../texts/format.ts";
import { useLanguage, useTexts } from "../texts/texts.ts";
import { Dialog } from "../ui/Dialog.tsx";
import { Failed } from "../ui/Waiting.tsx";
import { marked } from "./marked.ts";
import styles from "./Search.module.css";
import { texts } from "./texts.ts";

const PATIENCE = 150; // ms after the last letter

export default function Search({ onClose }: { onClose: () => void }) {
  const words = useTexts(texts);
  return (
    <Dialog open onClose={onClose} title={words.searchAll} wide>
      <Found onClose={onClose} />
    </Dialog>
  );
}

function Found({ onClose }: { onClose: () => void }) {
  const words = useTexts(texts);
  const [, go] = useLocation();
  const [query, setQuery] = useState("");
  const [at, setAt] = useState(0);
  const asked = useSettled(query.trim());
  const { data, error, refetch } = useQuery({ ...hits(asked), placeholderData: keepPreviousData });
  const found = useDeferredValue(asked ? (data?.items ?? []) : []);
  const id = useId();

  function open(hit: Hit) {
    go(`/c/${hit.conversation_id}?message=${hit.message_id}`);
    onClose();
  }

  function press(event: KeyboardEvent) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const hit = found[at];
    if (step && found.length) {
      event.preventDefault();
      setAt((at + step + found.length) % found.length);
    } else if (event.key === "Enter" && hit && !event.nativeEvent.isComposing) {
      event.preventDefault();
      open(hit);
    }
  }

  return (
    <>
      <input
        className={styles.query}
        type="search"
        role="combobox"
        aria-expanded={found.length > 0}
        aria-controls={`${id}-list`}
        aria-activedescendant={found[at] ? `${id}-${at}` : undefined}
        aria-label={words.searchAll}
        placeholder={words.searchHint}
        // biome-ignore lint/a11y/noAutofocus: the reader has just asked to search
        autoFocus
        maxLength={200}
        value={query}
        onChange={(event) => {
          setQuery(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={press}
      />
      {error && <Failed error={error} onRetry={() => void refetch()} />}
      <div id={`${id}-list`} role="listbox" aria-label={words.searchAll} className={styles.found}>
        {found.map((hit, index) => (
          <Line
            key={hit.message_id}
            id={`${id}-${index}`}
            hit={hit}
            chosen={index === at}
            onOpen={() => open(hit)}
          />
        ))}
      </div>
      <p role="status" className={styles.none}>
        {asked && data && !found.length ? words.nothing(asked) : ""}
      </p>
    </>
  );
}

function Line(props: { id: string; hit: Hit; chosen: boolean; onOpen: () => void }) {
  const words = useTexts(texts);
  const language = useLanguage();
  const { hit, chosen } = props;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the box's, as of any list beside one
    // biome-ignore lint/a11y/useFocusableInteractive: so is the focus
    <div
      id={props.id}
      role="option"
      aria-selected={chosen}
      ref={(line) => {
        if (chosen) line?.scrollIntoView({ block: "nearest" });
      }}
      className={styles.hit}
      onClick={props.onOpen}
    >
      <span className={styles.title}>
        <bdi>{hit.title}</bdi>
      </span>
      <span className={styles.when}>
        {hit.role === "user" ? words.you : words.assistant} · {time(hit.created_at, language)}
      </span>
      <span className={styles.snippet} dir="auto">
        {marked(hit.snippet, hit.matches).map(({ text, match, at }) =>
          match ? <mark key={at}>{text}</mark> : <span key={at}>{text}</span>,
        )}
      </span>
    </div>
  );
}

function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), PATIENCE);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
