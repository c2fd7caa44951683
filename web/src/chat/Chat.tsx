/** A conversation, or the beginning of one. */
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useSearch } from "wouter";
import { Refused } from "#client";
import { refresh, reload } from "../api/cache.ts";
import { conversation, messages, show } from "../api/conversations.ts";
import type { Message } from "../api/types.ts";
import { at } from "../base.ts";
import { useLives } from "../live/context.tsx";
import { useTexts } from "../texts/texts.ts";
import { Button, ButtonLink } from "../ui/Button.tsx";
import { useShortcut } from "../ui/shortcuts.ts";
import { toast } from "../ui/toasts.ts";
import { useStable } from "../ui/useStable.ts";
import { useTitle } from "../ui/useTitle.ts";
import { Failed, Loading, useComplaint } from "../ui/Waiting.tsx";
import { Announcer } from "./Announcer.tsx";
import { Asking } from "./Asked.tsx";
import type { Acts } from "./acts.ts";
import styles from "./Chat.module.css";
import { Composer } from "./Composer.tsx";
import { useDraft } from "./draft.ts";
import { useOptions } from "./options.ts";
import { Thread } from "./Thread.tsx";
import { texts } from "./texts.ts";
import { type Pending, type Problem, type Turns, useTurns } from "./turns.ts";

export function Chat({ id }: { id: string | null }) {
  const words = useTexts(texts);
  const [options, change] = useOptions();
  const draft = useDraft(id);
  const turns = useTurns(id, options);
  const writing = useWriting(id);
  const stopping = useStop(writing?.run_id ?? null, turns);
  const title = useQuery({ ...conversation(id ?? ""), enabled: id !== null }).data?.title;
  useTitle(title ?? null);

  const composer = (
    <div className={styles.foot}>
      {turns.problem && <Trouble problem={turns.problem} onDismiss={turns.dismiss} />}
      <Composer
        draft={draft}
        busy={turns.asking || writing !== null}
        stopping={stopping.stopping}
        options={options}
        onOptions={change}
        onSend={turns.send}
        onStop={stopping.stop}
      />
    </div>
  );
  if (id !== null) {
    return (
      <>
        <h1 className="hidden">{title ?? words.log}</h1>
        <Messages id={id} turns={turns} />
        {composer}
        <Announcer run={writing?.run_id ?? null} />
      </>
    );
  }
  return (
    <div className={styles.beginning}>
      {turns.pending ? (
        <div className={styles.first}>
          <Asking text={turns.pending.text} files={turns.pending.files} />
        </div>
      ) : (
        <h1 className={styles.welcome}>{words.welcome}</h1>
      )}
      {composer}
    </div>
  );
}

function Messages({ id, turns }: { id: string; turns: Turns }) {
  const words = useTexts(texts);
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } = useInfiniteQuery(
    messages(id),
  );
  const acts = useActs(id, turns);
  const writing = useWriting(id);
  useComingBack(id);
  const fetched = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data]);
  const pending = unheard(turns.pending, fetched);
  const shown = useMemo(() => arranged(fetched, pending), [fetched, pending]);
  const earlier = useCallback(() => void fetchNextPage(), [fetchNextPage]);
  const more = hasNextPage && !isFetchingNextPage ? earlier : null;
  const target = useTarget(shown, acts, more, isFetchingNextPage);
  if (error instanceof Refused && error.status === 404) {
    return (
      <div className={styles.gone}>
        <p>{words.gone}</p>
        <ButtonLink href={at("")}>{words.fresh}</ButtonLink>
      </div>
    );
  }
  if (!data) return error ? <Failed error={error} onRetry={() => void refetch()} /> : <Loading />;
  return (
    <Thread
      messages={shown}
      acts={acts}
      busy={turns.asking || writing !== null}
      tail={pending?.text || pending?.files.length ? <Asking {...pending} /> : null}
      onEarlier={more}
      fetching={isFetchingNextPage}
      target={target}
    />
  );
}

/** What went wrong before anything began, beside where it was written. */
function Trouble({ problem, onDismiss }: { problem: Problem; onDismiss: () => void }) {
  const words = useTexts(texts);
  const { error, again } = problem;
  const told = useComplaint(error);
  const known = error instanceof Refused ? words.failed[error.code] : undefined;
  const fields: Record<string, string> = {
    temperature: words.temperature,
    max_tokens: words.length,
    model: words.model,
    message: words.message,
  };
  const field = error instanceof Refused ? (fields[error.field ?? ""] ?? error.field) : null;
  return (
    <div className={styles.trouble} role="alert">
      <p>{known ?? (field ? `${field}: ${told}` : told)}</p>
      {again && <Button onClick={again}>{words.retry}</Button>}
      <Button look="quiet" onClick={onDismiss}>
        {words.cancelEdit}
      </Button>
    </div>
  );
}

/** What is pending still: nothing, where its own messages have come before it was over. */
function unheard(pending: Pending | null, fetched: readonly Message[]): Pending | null {
  const run = pending?.run ?? null;
  return run !== null && fetched.some((one) => one.run_id === run) ? null : pending;
}

/** The newest first, as fetched, made the oldest first; what is being replaced ends it. */
function arranged(fetched: readonly Message[], pending: Pending | null): Message[] {
  const all = fetched.toReversed();
  const cut = pending?.instead ? all.findIndex((one) => one.id === pending.instead) : -1;
  return cut < 0 ? all : all.slice(0, cut);
}

/** The reply that is being written in a conversation, if any; it is followed. */
function useWriting(id: string | null): Message | null {
  const lives = useLives();
  const { data } = useInfiniteQuery({ ...messages(id ?? ""), enabled: id !== null });
  const newest = data?.pages[0]?.items[0];
  const writing = newest?.status === "streaming" ? newest : null;
  const run = writing?.run_id ?? null;
  useEffect(() => {
    if (run !== null && id !== null) lives.follow(run, id);
  }, [lives, run, id]);
  return writing;
}

/**
 * The message that the address asks for, as the search leads to it. What is not known of the branch
 * is fetched; one that is on another branch is shown by choosing that.
 */
function useTarget(
  shown: readonly Message[],
  acts: Acts,
  more: (() => void) | null,
  fetching: boolean,
): string | null {
  const wanted = new URLSearchParams(useSearch()).get("message");
  const turned = useRef<string | null>(null);
  const found = wanted !== null && shown.some((one) => one.id === wanted);
  const lacking = wanted !== null && !found && shown.length > 0 && !fetching;
  useEffect(() => {
    if (!lacking) return;
    if (more) more();
    else if (turned.current !== wanted) {
      turned.current = wanted;
      acts.show(wanted);
    }
  }, [lacking, more, wanted, acts]);
  return found ? wanted : null;
}

/** Stops what is being written, or takes back what was asked; Escape does it, too. */
function useStop(run: string | null, turns: Turns) {
  const lives = useLives();
  const words = useTexts(texts);
  const [stopped, setStopped] = useState<string | null>(null);
  const stopping = run !== null && stopped === run;

  function stop() {
    if (run === null) turns.withdraw();
    else if (!stopping) {
      setStopped(run);
      lives.stop(run).catch((error: unknown) => {
        setStopped(null);
        const known = error instanceof Refused ? error.message : words.failed.connection;
        toast(known ?? "", { bad: true });
      });
    }
  }
  useShortcut("Escape", stop, { when: turns.asking || run !== null });
  return { stop, stopping };
}

function useActs(id: string, turns: Turns): Acts {
  const queries = useQueryClient();
  const lives = useLives();
  const edit = useStable(turns.edit);
  const regenerate = useStable((message: string) => void turns.regenerate(message));
  const turn = useStable(async (message: string) => {
    try {
      await show(id, message);
      await reload(queries, id);
      lives.tell(id);
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), { bad: true });
    }
  });
  return useMemo(() => ({ edit, regenerate, show: turn }), [edit, regenerate, turn]);
}

/** Looks at what is new whenever the reader or the network comes back. */
function useComingBack(id: string): void {
  const queries = useQueryClient();
  useEffect(() => {
    const look = () => document.hidden || void refresh(queries, id).catch(() => {});
    document.addEventListener("visibilitychange", look);
    addEventListener("online", look);
    return () => {
      document.removeEventListener("visibilitychange", look);
      removeEventListener("online", look);
    };
  }, [queries, id]);
}
