/** What is being written now, and a way to stop it. */
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { cancelRun, type LiveRun, liveRuns } from "../api/admin.ts";
import { number, seconds } from "../texts/format.ts";
import { useLanguage, useTexts } from "../texts/texts.ts";
import { Button } from "../ui/Button.tsx";
import { Confirm } from "../ui/Dialog.tsx";
import { type Column, Table } from "../ui/Table.tsx";
import { toast } from "../ui/toasts.ts";
import { useAct } from "../ui/useAct.ts";
import { Complaint, Nothing, Section } from "../ui/View.tsx";
import { Failed, Loading } from "../ui/Waiting.tsx";
import { clock } from "./clock.ts";
import { texts } from "./texts.ts";

const TICK = 1000; // ms

export function LiveRuns() {
  const words = useTexts(texts);
  const language = useLanguage();
  const { data, error, refetch, dataUpdatedAt } = useQuery(liveRuns);
  const some = data && data.runs.length < data.total;
  return (
    <Section title={words.runs} lead={words.runsLead}>
      {error ? <Failed error={error} onRetry={() => void refetch()} /> : !data && <Loading />}
      {some && (
        <p>{words.shown(number(data.runs.length, language), number(data.total, language))}</p>
      )}
      {data && !error && <Going runs={data.runs} at={dataUpdatedAt} />}
    </Section>
  );
}

/** `at`: when they were so, as epoch milliseconds. */
function Going({ runs, at }: { runs: readonly LiveRun[]; at: number }) {
  const words = useTexts(texts);
  const [asked, setAsked] = useState<LiveRun | null>(null);
  const passed = Math.max(0, useNow() - at) / 1000;
  const stopping = useAct<LiveRun>({
    act: (run) => cancelRun(run.id),
    list: liveRuns.queryKey,
    done: () => toast(words.stopped),
  });
  const columns = useColumns(passed, (run) => (
    <>
      <Button
        look="danger"
        aria-label={words.stopOf(run.user, run.model)}
        disabled={stopping.busy(run)}
        onClick={() => setAsked(run)}
      >
        {words.stop}
      </Button>
      {stopping.problem(run) && <Complaint>{stopping.problem(run)}</Complaint>}
    </>
  ));
  return (
    <>
      {runs.length > 0 ? (
        <Table
          label={words.runs}
          columns={columns}
          rows={runs}
          id={(run) => run.id}
          narrow="cards"
        />
      ) : (
        <Nothing>{words.noRuns}</Nothing>
      )}
      <Confirm
        open={asked !== null}
        onClose={() => setAsked(null)}
        onConfirm={() => asked && stopping.act(asked)}
        title={words.stopTitle}
        text={words.stopText(asked?.user ?? "", asked?.model ?? "")}
        action={words.stop}
      />
    </>
  );
}

function useColumns(passed: number, action: (run: LiveRun) => ReactNode): Column<LiveRun>[] {
  const words = useTexts(texts);
  const language = useLanguage();
  const count = (value: number) => number(value, language);
  return [
    { key: "user", head: words.who, cell: (run) => <bdi>{run.user}</bdi>, main: true },
    { key: "model", head: words.model, cell: (run) => <bdi>{run.model}</bdi> },
    { key: "dialect", head: words.dialect, cell: (run) => run.dialect, tight: true },
    {
      key: "time",
      head: words.time,
      cell: (run) => clock(run.duration + passed),
      figure: true,
    },
    {
      key: "first",
      head: words.firstToken,
      cell: (run) =>
        run.first_token === null ? words.waiting : seconds(run.first_token, language),
      figure: true,
    },
    { key: "length", head: words.length, cell: (run) => count(run.text_length), figure: true },
    { key: "followers", head: words.followers, cell: (run) => count(run.followers), figure: true },
    {
      key: "background",
      head: words.background,
      cell: (run) => (run.background ? words.yes : words.no),
    },
    { key: "action", head: words.action, cell: action },
  ];
}

function useNow(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), TICK);
    return () => clearInterval(timer);
  }, []);
  return now;
}
