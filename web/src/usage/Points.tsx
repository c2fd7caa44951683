/** One's points: what there is, and where they went. */
import { useQuery } from "@tanstack/react-query";
import { type LedgerEntry, points } from "../api/usage.ts";
import { number, time } from "../texts/format.ts";
import { useLanguage, useTexts } from "../texts/texts.ts";
import { type Column, Table } from "../ui/Table.tsx";
import { Nothing, Section } from "../ui/View.tsx";
import { Failed, Loading } from "../ui/Waiting.tsx";
import { texts } from "./texts.ts";
import styles from "./Usage.module.css";

const LINES = 20;

export function Points() {
  const words = useTexts(texts);
  const { data, error, refetch } = useQuery(points(LINES));
  return (
    <Section title={words.yourPoints} lead={words.pointsLead}>
      {error ? <Failed error={error} onRetry={() => void refetch()} /> : !data && <Loading />}
      {data && <Balance balance={data.balance} reserved={data.reserved} />}
      {data && <Ledger entries={data.entries} />}
    </Section>
  );
}

function Balance({ balance, reserved }: { balance: number; reserved: number }) {
  const words = useTexts(texts);
  const language = useLanguage();
  return (
    <dl className={styles.balance}>
      <div>
        <dt>{words.balance}</dt>
        <dd>{number(balance, language)}</dd>
      </div>
      {reserved > 0 && (
        <div>
          <dt>{words.reserved}</dt>
          <dd>{number(reserved, language)}</dd>
        </div>
      )}
    </dl>
  );
}

function Ledger({ entries }: { entries: readonly LedgerEntry[] }) {
  const words = useTexts(texts);
  const language = useLanguage();
  if (entries.length === 0) return <Nothing>{words.noLines}</Nothing>;
  const kinds: Record<string, string> = { grant: words.grant, charge: words.charge };
  const signed = new Intl.NumberFormat(language, { signDisplay: "exceptZero" });
  const columns: Column<LedgerEntry>[] = [
    { key: "at", head: words.when, cell: ({ at }) => time(at, language) },
    {
      key: "what",
      head: words.what,
      cell: ({ kind, note }) => [kinds[kind] ?? kind, note].filter(Boolean).join(": "),
    },
    {
      key: "amount",
      head: words.amount,
      cell: ({ amount }) => signed.format(amount),
      figure: true,
    },
  ];
  return (
    <Table
      label={words.yourPoints}
      columns={columns}
      rows={entries}
      id={(entry) => `${entry.at} ${entry.kind} ${entry.run_id}`}
      narrow="scroll"
    />
  );
}
