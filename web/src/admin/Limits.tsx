/** The limits that hold for everybody. */
import { useQuery } from "@tanstack/react-query";
import { type Limits as InForce, limits } from "../api/admin.ts";
import { number } from "../texts/format.ts";
import { useLanguage, useTexts } from "../texts/texts.ts";
import { type Column, Table } from "../ui/Table.tsx";
import { Nothing, Section } from "../ui/View.tsx";
import { Failed, Loading } from "../ui/Waiting.tsx";
import styles from "./Admin.module.css";
import { texts } from "./texts.ts";

export function Limits() {
  const { data, error, refetch } = useQuery(limits);
  if (error) return <Failed error={error} onRetry={() => void refetch()} />;
  if (!data) return <Loading />;
  return (
    <>
      <Amounts limits={data} />
      <Rates rates={data.rates} />
    </>
  );
}

function Amounts({ limits: found }: { limits: InForce }) {
  const words = useTexts(texts);
  const language = useLanguage();
  const write = (value: number | null) =>
    value === null ? words.unlimited : number(value, language);
  return (
    <Section title={words.amounts} lead={words.limitsLead}>
      <dl className={styles.facts}>
        <dt>{words.perServer}</dt>
        <dd>{write(found.max_runs)}</dd>
        <dt>{words.perUser}</dt>
        <dd>{write(found.max_runs_per_user)}</dd>
        <dt>{words.daily}</dt>
        <dd>{write(found.daily_tokens)}</dd>
      </dl>
    </Section>
  );
}

type Rate = [bucket: string, rate: string];

/** What holds for all the others comes behind them. */
const place = (bucket: string) => ["*", "resources"].indexOf(bucket);

function Rates({ rates }: { rates: InForce["rates"] }) {
  const words = useTexts(texts);
  const language = useLanguage();
  const all = Object.entries(rates).sort(([one], [other]) => place(one) - place(other));

  /** `30/minute`, `5/10minute`. */
  function write(rate: string): string {
    const [, count, , unit] = /^(\d+)\/(\d+ ?)?([a-z]+)$/.exec(rate) ?? [];
    if (!count || !unit) return rate;
    return rate
      .replace(count, number(Number(count), language))
      .replace("/", " / ")
      .replace(unit, words.units[unit] ?? unit);
  }

  const columns: Column<Rate>[] = [
    {
      key: "bucket",
      head: words.bucket,
      cell: ([bucket]) => (
        <>
          {words.buckets[bucket] ?? bucket} <code className={styles.code}>{bucket}</code>
        </>
      ),
      main: true,
    },
    { key: "rate", head: words.rate, cell: ([, rate]) => write(rate), figure: true },
  ];
  return (
    <Section title={words.rates} lead={words.ratesLead}>
      {all.length > 0 ? (
        <Table
          label={words.rates}
          columns={columns}
          rows={all}
          id={([bucket]) => bucket}
          narrow="scroll"
        />
      ) : (
        <Nothing>{words.noRates}</Nothing>
      )}
    </Section>
  );
}
