/** What is done in a conversation: sending, asking anew, rewording, stopping. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { reload } from "../api/cache.ts";
import { expired } from "../api/session.ts";
import type { FileOfMessage } from "../api/types.ts";
import { useLives } from "../live/context.tsx";
import { type Options, requested } from "./options.ts";

/** What was said, and has not been heard of yet. */
export interface Pending extends Said {
  /** The run that answers it, once that has begun: it may be heard of by its messages. */
  run: string | null;
}

interface Said {
  text: string;
  files: FileOfMessage[];
  /** The message in whose place it will stand; null: at the end. */
  instead: string | null;
}

export interface Problem {
  error: unknown;
  /** Does again what has failed; null for a message, which is back where it was written. */
  again: (() => void) | null;
}

interface Attempt {
  method: "POST" | "PATCH";
  path: string;
  body: Record<string, unknown>;
  said: Said;
}

const of = (conversation: string, message: string) =>
  `api/v1/conversations/${encodeURIComponent(conversation)}/messages/${encodeURIComponent(message)}`;

export function useTurns(id: string | null, options: Options) {
  const lives = useLives();
  const queries = useQueryClient();
  const [, go] = useLocation();
  const [pending, setPending] = useState<Pending | null>(null);
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const leaving = useRef(new AbortController());
  const mounted = useMounted();

  /** Resolves to whether the run has begun. */
  async function attempt(one: Attempt): Promise<boolean> {
    const { method, path, body, said } = one;
    leaving.current = new AbortController();
    const { signal } = leaving.current;
    setProblem(null);
    setPending({ ...said, run: null });
    setAsking(true);
    try {
      const reply = await lives.begin({ method, path, body, signal });
      setPending({ ...said, run: reply.run });
      await reload(queries, reply.conversation).catch(() => {}); // it stands in the reply, too
      if (id === null && mounted.current) go(`/c/${reply.conversation}`);
      return true;
    } catch (error) {
      expired(queries, error);
      const again = said.instead ? () => void attempt(one) : null;
      if (!signal.aborted) setProblem({ error, again });
      return false;
    } finally {
      setPending(null);
      setAsking(false);
    }
  }

  return {
    pending,
    /** Something was asked, and the server has not said yet that it begins. */
    asking,
    problem,
    dismiss: () => setProblem(null),
    send: (text: string, files: FileOfMessage[]) =>
      attempt({
        method: "POST",
        path: "api/v1/chat/stream",
        body: {
          message: text,
          ...(id && { conversation_id: id }),
          ...(files.length > 0 && { media_files: files.map((file) => ({ id: file.id })) }),
          ...requested(options),
        },
        said: { text, files, instead: null },
      }),
    regenerate: (message: string) =>
      attempt({
        method: "POST",
        path: `${of(id ?? "", message)}/regenerate`,
        body: requested(options),
        said: { text: "", files: [], instead: message },
      }),
    edit: (message: string, content: string) =>
      attempt({
        method: "PATCH",
        path: of(id ?? "", message),
        body: { content, ...requested(options) },
        said: { text: content, files: [], instead: message },
      }),
    /** Before it has begun: as if nothing had been asked. */
    withdraw: () => leaving.current.abort(new DOMException("Withdrawn", "AbortError")),
  };
}

export type Turns = ReturnType<typeof useTurns>;

function useMounted() {
  const mounted = useRef(false);
  useEffect(() => {
    mounted.current = true;
    return () => {
      mounted.current = false;
    };
  }, []);
  return mounted;
}
