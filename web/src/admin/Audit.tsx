/** Who signed in, and what was done to accounts. */
import { useInfiniteQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { type AuditEntry, audit } from "../api/admin.ts";
import { time } from "../texts/format.ts";
import { useLanguage, useTexts } from "../texts/texts.ts";
import { More } from "../ui/More.tsx";
import { type Column, Table } from "../ui/Table.tsx";
import { Nothing, Section } from "../ui/View.tsx";
import { Failed, Loading } from "../ui/Waiting.tsx";
import styles from "./Admin.module.css";
import { subjectUser } from "./subjects.ts";
import { texts } from "./texts.ts";
import { short, useNames } from "./useNames.ts";

export function Audit() {
  const words = useTexts(texts);
  const found = useInfiniteQuery(audit);
  const all = found.data?.pages.flatMap((page) => page.items);
  return (
    <Section title={words.audit} lead={words.auditLead}>
      {found.isPending && <Loading />}
      {found.isError && !all && <Failed error={found.error} onRetry={() => void found.refetch()} />}
      {all && (all.length > 0 ? <Lines all={all} /> : <Nothing>{words.noAudit}</Nothing>)}
      <More of={found} />
    </Section>
  );
}

function Lines({ all }: { all: readonly AuditEntry[] }) {
  const words = useTexts(texts);
  const language = useLanguage();
  const nameOf = useNames(all.flatMap((entry) => [entry.actor, subjectUser(entry)]));

  function actor({ actor: id, address }: AuditEntry): string {
    if (id) return nameOf(id);
    return address ? words.stranger : words.operator;
  }

  function subject(entry: AuditEntry): ReactNode {
    const user = subjectUser(entry);
    if (user !== null && user === entry.actor) return "–"; // oneself, as the line says already
    return user !== null ? nameOf(user) : <code className={styles.id}>{short(entry.subject)}</code>;
  }

  const columns: Column<AuditEntry>[] = [
    {
      key: "what",
      head: words.what,
      cell: ({ action }) => words.actions[action] ?? action,
      tight: true,
      main: true,
    },
    {
      key: "who",
      head: words.who,
      cell: (entry) => <bdi title={entry.actor ?? undefined}>{actor(entry)}</bdi>,
    },
    {
      key: "about",
      head: words.about,
      cell: (entry) => <bdi title={entry.subject}>{subject(entry)}</bdi>,
    },
    { key: "from", head: words.from, cell: ({ address }) => address || "–", tight: true },
    { key: "when", head: words.when, cell: ({ at }) => time(at, language), tight: true },
    {
      key: "outcome",
      head: words.outcome,
      cell: ({ outcome }) =>
        outcome === "ok" ? words.ok : <code className={styles.bad}>{outcome}</code>,
    },
  ];
  return (
    <Table
      label={words.audit}
      columns={columns}
      rows={all}
      id={(entry) => entry.id}
      narrow="cards"
    />
  );
}
