/** Personal API keys: made, shown once, revoked. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { useState } from "react";
import { type Key, keys, makeKey, revokeKey } from "../api/settings.ts";
import { day, time } from "../texts/format.ts";
import { useLanguage, useTexts } from "../texts/texts.ts";
import { Button } from "../ui/Button.tsx";
import { Confirm } from "../ui/Dialog.tsx";
import { Input, Select } from "../ui/Field.tsx";
import { useForm } from "../ui/form.ts";
import { Item, List } from "../ui/List.tsx";
import { Secret } from "../ui/Secret.tsx";
import { toast } from "../ui/toasts.ts";
import { useAct } from "../ui/useAct.ts";
import { Complaint, Nothing, Section } from "../ui/View.tsx";
import { Failed, Loading } from "../ui/Waiting.tsx";
import styles from "./Settings.module.css";
import { texts } from "./texts.ts";

const DAYS = [7, 30, 90] as const;
const YEAR = 365;

export function Keys() {
  const words = useTexts(texts);
  const { data, error, refetch } = useQuery(keys);
  const [made, setMade] = useState<{ name: string; key: string } | null>(null);
  return (
    <Section id="keys" title={words.keys} lead={words.keysLead}>
      <Make onMade={setMade} />
      {made && (
        <Secret
          key={made.key}
          title={words.newKey(made.name)}
          warning={words.newKeyWarning}
          values={[{ label: words.key, value: made.key }]}
          onDone={() => setMade(null)}
        />
      )}
      {error ? <Failed error={error} onRetry={() => void refetch()} /> : !data && <Loading />}
      {data && (data.length > 0 ? <Made keys={data} /> : <Nothing>{words.noKeys}</Nothing>)}
    </Section>
  );
}

function Make({ onMade }: { onMade: (made: { name: string; key: string }) => void }) {
  const words = useTexts(texts);
  const queries = useQueryClient();
  const form = useForm({
    fields: ["name", "expires_in_days"],
    async act(given, element) {
      const days = given.expires_in_days ? Number(given.expires_in_days) : null;
      onMade(await makeKey((given.name ?? "").trim(), days));
      element.reset();
      await queries.invalidateQueries({ queryKey: keys.queryKey });
    },
  });
  return (
    <form className={styles.inline} onSubmit={form.onSubmit} aria-label={words.makeKey}>
      <Input
        label={words.keyName}
        name="name"
        autoComplete="off"
        required
        maxLength={100}
        problem={form.of("name")}
      />
      <Select
        label={words.keyExpiry}
        name="expires_in_days"
        defaultValue="90"
        problem={form.of("expires_in_days")}
      >
        {DAYS.map((days) => (
          <option key={days} value={days}>
            {words.days(days)}
          </option>
        ))}
        <option value={YEAR}>{words.year}</option>
        <option value="">{words.forever}</option>
      </Select>
      <Button type="submit" look="main" disabled={form.busy}>
        {words.makeKey}
      </Button>
      {form.rest && <Complaint>{form.rest}</Complaint>}
    </form>
  );
}

function Made({ keys: all }: { keys: readonly Key[] }) {
  const words = useTexts(texts);
  const language = useLanguage();
  const [asked, setAsked] = useState<Key | null>(null);
  const revoking = useAct<Key>({
    act: (key) => revokeKey(key.id),
    list: keys.queryKey,
    done: (key) => toast(words.revoked(key.name)),
  });
  return (
    <>
      <List label={words.keys}>
        {all.map((key) => (
          <Item
            key={key.id}
            icon={<KeyRound />}
            title={<bdi>{key.name}</bdi>}
            facts={[
              key.hint,
              words.created(day(key.created_at, language)),
              key.seen_at ? words.used(time(key.seen_at, language)) : words.unused,
              key.expires_at ? words.expires(day(key.expires_at, language)) : words.endless,
            ]}
            problem={revoking.problem(key)}
            actions={
              <Button
                look="danger"
                aria-label={words.revokeOf(key.name)}
                disabled={revoking.busy(key)}
                onClick={() => setAsked(key)}
              >
                {words.revoke}
              </Button>
            }
          />
        ))}
      </List>
      <Confirm
        open={asked !== null}
        onClose={() => setAsked(null)}
        onConfirm={() => asked && revoking.act(asked)}
        title={words.revokeTitle(asked?.name ?? "")}
        text={words.revokeText}
        action={words.revoke}
      />
    </>
  );
}
