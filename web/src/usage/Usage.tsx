/** What one has used: tokens, money and points, by day or by model. */
import { useQuery } from "@tanstack/react-query";
import { useSearchParams } from "wouter";
import { Refused } from "#client";
import { about } from "../api/conversations.ts";
import { usage } from "../api/usage.ts";
import { useTexts } from "../texts/texts.ts";
import { placed } from "../ui/problems.ts";
import { View } from "../ui/View.tsx";
import { Failed, Loading } from "../ui/Waiting.tsx";
import { isoDay } from "./axis.ts";
import { Choose } from "./Choose.tsx";
import { Points } from "./Points.tsx";
import { Report } from "./Report.tsx";
import { Totals } from "./Totals.tsx";
import { texts } from "./texts.ts";
import styles from "./Usage.module.css";
import { paramsOf, type Wanted, wantedOf } from "./wanted.ts";

export default function Usage() {
  const words = useTexts(texts);
  const [params, setParams] = useSearchParams();
  const today = isoDay(new Date());
  const wanted = wantedOf(params, today);
  const server = useQuery(about).data;
  const withPoints = server !== undefined && server.points !== "off";
  const { data, error, refetch, isPlaceholderData } = useQuery(usage(wanted.span, wanted.by));
  const problem = error instanceof Refused ? placed(error, ["from", "to"]) : null;
  const choose = (next: Wanted) => setParams(paramsOf(next), { replace: true });
  return (
    <View title={words.title} lead={words.lead}>
      <Choose wanted={wanted} today={today} problem={problem} onChange={choose} />
      {error && !problem?.field && <Failed error={error} onRetry={() => void refetch()} />}
      {!error && !data && <Loading />}
      {data && (
        <div className={styles.report} aria-busy={isPlaceholderData}>
          <Totals total={data.total} withPoints={withPoints} />
          <Report report={data} withPoints={withPoints} />
        </div>
      )}
      {withPoints && <Points />}
    </View>
  );
}
