/** What surrounds each view: the side bar, which on a narrow screen is a drawer, and the way there. */
import { useQuery } from "@tanstack/react-query";
import { Menu as Bars, SquarePen } from "lucide-react";
import { lazy, type ReactNode, Suspense, useEffect, useRef, useState } from "react";
import { useLocation } from "wouter";
import { about } from "./api/conversations.ts";
import type { User } from "./api/types.ts";
import styles from "./Frame.module.css";
import { Sidebar } from "./sidebar/Sidebar.tsx";
import { texts } from "./sidebar/texts.ts";
import { useTexts } from "./texts/texts.ts";
import { IconButton } from "./ui/Button.tsx";
import { useShortcut } from "./ui/shortcuts.ts";

const Search = lazy(() => import("./sidebar/Search.tsx"));

export function Frame({ user, children }: { user: User; children: ReactNode }) {
  const words = useTexts(texts);
  const [open, setOpen] = useState(false);
  const [searching, setSearching] = useState(false);
  const [path, go] = useLocation();
  const server = useQuery(about).data;
  const side = useRef<HTMLElement>(null);
  const bars = useRef<HTMLSpanElement>(null);
  useShortcut("k", () => setSearching(true), { command: true });
  useShortcut("Escape", () => setOpen(false), { when: open });
  // biome-ignore lint/correctness/useExhaustiveDependencies: wherever one goes, the drawer closes
  useEffect(() => setOpen(false), [path]);
  useEffect(() => {
    if (!open) return;
    const opener = bars.current?.querySelector("button");
    side.current?.querySelector<HTMLElement>("a, button")?.focus();
    return () => opener?.focus();
  }, [open]);

  return (
    <div className={styles.frame}>
      <a className={styles.skip} href="#main">
        {words.skip}
      </a>
      <header className={styles.bar}>
        <span ref={bars}>
          <IconButton
            label={words.open}
            icon={<Bars />}
            aria-expanded={open}
            aria-controls="side"
            onClick={() => setOpen(true)}
          />
        </span>
        <span className={styles.brand}>Sluice</span>
        <IconButton label={words.new} icon={<SquarePen />} onClick={() => go("/")} />
      </header>
      {open && <div className={styles.shade} aria-hidden="true" onClick={() => setOpen(false)} />}
      <aside ref={side} id="side" className={styles.side} data-open={open || undefined}>
        <Sidebar user={user} onSearch={() => setSearching(true)} onClose={() => setOpen(false)} />
      </aside>
      <main id="main" className={styles.main} tabIndex={-1}>
        {server?.demo && (
          <p className={styles.demo} role="note">
            {words.demo}
          </p>
        )}
        {children}
      </main>
      {searching && (
        <Suspense>
          <Search onClose={() => setSearching(false)} />
        </Suspense>
      )}
    </div>
  );
}
