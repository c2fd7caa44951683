/** The list of one's conversations, by day, the newest first; more of it comes as one scrolls. */
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Download, Ellipsis, FileJson, Pencil, Trash2 } from "lucide-react";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { Link, useLocation, useRoute } from "wouter";
import { conversations, exported, remove, rename, restore } from "../api/conversations.ts";
import type { Conversation } from "../api/types.ts";
import { at } from "../base.ts";
import { useLives } from "../live/context.tsx";
import { useLanguage, useTexts } from "../texts/texts.ts";
import { Button, IconButton } from "../ui/Button.tsx";
import { Dialog } from "../ui/Dialog.tsx";
import { Input } from "../ui/Field.tsx";
import { Menu, MenuItem, MenuLink, MenuSeparator } from "../ui/Menu.tsx";
import { toast } from "../ui/toasts.tsx";
import { Failed, Loading } from "../ui/Waiting.tsx";
import { byDay, type Day } from "./days.ts";
import styles from "./List.module.css";
import { texts } from "./texts.ts";

export function List() {
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
              <Item key={one.id} one={one} current={one.id === params?.id} />
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

function Item({ one, current }: { one: Conversation; current: boolean }) {
  const words = useTexts(texts);
  const [naming, setNaming] = useState(false);
  const remove = useRemoving(one, current);
  return (
    <li className={styles.item} data-current={current || undefined}>
      <Link
        href={`/c/${one.id}`}
        className={styles.link}
        aria-current={current ? "page" : undefined}
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
      >
        <MenuItem icon={<Pencil />} onClick={() => setNaming(true)}>
          {words.rename}
        </MenuItem>
        <MenuLink icon={<Download />} href={at(exported(one.id, "markdown"))} download>
          {words.exportMarkdown}
        </MenuLink>
        <MenuLink icon={<FileJson />} href={at(exported(one.id, "json"))} download>
          {words.exportJson}
        </MenuLink>
        <MenuSeparator />
        <MenuItem icon={<Trash2 />} danger onClick={remove}>
          {words.delete}
        </MenuItem>
      </Menu>
      {naming && <Naming one={one} onClose={() => setNaming(false)} />}
    </li>
  );
}

function Naming({ one, onClose }: { one: Conversation; onClose: () => void }) {
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
