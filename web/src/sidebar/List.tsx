/** The list of one's conversations, by day, the newest first; more of it comes as one scrolls. */
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Download, Ellipsis, FileJson, Pencil, Trash2 } from "lucide-react";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { Link, useLocation, useRoute } from "wouter";
import { conversations, exported, remove, restore } from "../api/conversations.ts";
import type { Conversation } from "../api/types.ts";
import { at } from "../base.ts";
import { useLives } from "../live/context.tsx";
import { useLanguage, useTexts } from "../texts/texts.ts";
import { IconButton } from "../ui/Button.tsx";
import { Menu } from "../ui/Menu.tsx";
import { toast } from "../ui/toasts.ts";
import { Failed, Loading } from "../ui/Waiting.tsx";
import { byDay, type Day } from "./days.ts";
import styles from "./List.module.css";
import { texts } from "./texts.ts";

const Naming = lazy(() => import("./Naming.tsx"));

/** `onOpen` hears when one of them is opened. */
export function List({ onOpen }: { onOpen: () => void }) {
  const words = useTexts(texts);
  const language = useLanguage();
  const { data, error, refetch, hasNextPage, isFetchingNextPage, fetchNextPage } =
    useInfiniteQuery(conversations);
  const [, params] = useRoute("/c/:id");
  const end = useRef<HTMLDivElement>(null);
  const more = hasNextPage && !isFetchingNextPage;

  useEffect(() => {
    if (!more || !end.current) return;
    const watch = new IntersectionObserver(
      ([seen]) => void (seen?.isIntersecting && fetchNextPage()),
      { rootMargin: "400px" },
    );
    watch.observe(end.current);
    return () => watch.disconnect();
  }, [more, fetchNextPage]);

  const name = (day: Day) =>
    day.kind === "month"
      ? new Intl.DateTimeFormat(language, { month: "long", year: "numeric" }).format(day.at)
      : words[day.kind];
  const all = data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <nav className={styles.list} aria-label={words.conversations}>
      {byDay(all, new Date()).map(({ day, items }) => (
        <section key={`${day.kind}${day.at.getMonth()}${day.at.getFullYear()}`}>
          <h2 className={styles.day}>{name(day)}</h2>
          <ul>
            {items.map((one) => (
              <Item key={one.id} one={one} current={one.id === params?.id} onOpen={onOpen} />
            ))}
          </ul>
        </section>
      ))}
      {data && !all.length && <p className={styles.none}>{words.none}</p>}
      {error && !data && <Failed error={error} onRetry={() => void refetch()} />}
      {(isFetchingNextPage || (!data && !error)) && <Loading />}
      <div ref={end} />
    </nav>
  );
}

function Item(props: { one: Conversation; current: boolean; onOpen: () => void }) {
  const { one, current } = props;
  const words = useTexts(texts);
  const [naming, setNaming] = useState(false);
  const remove = useRemoving(one, current);
  return (
    <li className={styles.item} data-current={current || undefined}>
      <Link
        href={`/c/${one.id}`}
        className={styles.link}
        aria-current={current ? "page" : undefined}
        onClick={props.onOpen}
      >
        <bdi>{one.title}</bdi>
        {one.active_run_id && (
          <span
            className={styles.live}
            role="img"
            aria-label={words.writing}
            title={words.writing}
          />
        )}
      </Link>
      <Menu
        trigger={
          <IconButton
            className={styles.more ?? ""}
            label={words.actions(one.title)}
            icon={<Ellipsis />}
          />
        }
        actions={[
          { label: words.rename, icon: <Pencil />, onClick: () => setNaming(true) },
          {
            label: words.exportMarkdown,
            icon: <Download />,
            href: at(exported(one.id, "markdown")),
            download: true,
          },
          {
            label: words.exportJson,
            icon: <FileJson />,
            href: at(exported(one.id, "json")),
            download: true,
          },
          null,
          { label: words.delete, icon: <Trash2 />, onClick: remove, danger: true },
        ]}
      />
      {naming && (
        <Suspense>
          <Naming one={one} onClose={() => setNaming(false)} />
        </Suspense>
      )}
    </li>
  );
}

/** Deletes a conversation, and offers to take it back. */
function useRemoving(one: Conversation, current: boolean): () => void {
  const words = useTexts(texts);
  const lives = useLives();
  const queries = useQueryClient();
  const [, go] = useLocation();

  const attempt = async (act: () => Promise<unknown>, then: () => void) => {
    try {
      await act();
      lives.tell(null);
      then();
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), { bad: true });
    }
  };
  const undo = () =>
    void attempt(
      () => restore(one.id),
      () => go(`/c/${one.id}`),
    );
  return () =>
    void attempt(
      () => remove(one.id),
      () => {
        queries.removeQueries({ queryKey: ["messages", one.id] });
        queries.removeQueries({ queryKey: ["conversation", one.id] });
        if (current) go("/");
        toast(words.deleted(one.title), { undo });
      },
    );
}
