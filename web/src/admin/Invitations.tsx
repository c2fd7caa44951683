/** Leave to register: given, shown once, taken back. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Mail } from "lucide-react";
import { useState } from "react";
import { type Invitation, invitations, invite, withdraw } from "../api/admin.ts";
import { about } from "../api/conversations.ts";
import { at } from "../base.ts";
import { time } from "../texts/format.ts";
import { useLanguage, useTexts } from "../texts/texts.ts";
import { Button } from "../ui/Button.tsx";
import { Confirm } from "../ui/Dialog.tsx";
import { Input } from "../ui/Field.tsx";
import { useForm } from "../ui/form.ts";
import { Badge, Item, List } from "../ui/List.tsx";
import { Secret } from "../ui/Secret.tsx";
import { toast } from "../ui/toasts.ts";
import { useAct } from "../ui/useAct.ts";
import { Complaint, Nothing, Section } from "../ui/View.tsx";
import { Failed, Loading } from "../ui/Waiting.tsx";
import styles from "./Admin.module.css";
import { texts } from "./texts.ts";
import { useNames } from "./useNames.ts";

const DAYS = 7;
const MOST = 365; // days

export function Invitations() {
  const words = useTexts(texts);
  const { data, error, refetch } = useQuery(invitations);
  const policy = useQuery(about).data?.registration;
  const [made, setMade] = useState<string | null>(null);
  const notice = { open: words.isOpen, closed: words.isClosed, invite: null }[policy ?? "invite"];
  return (
    <Section title={words.invitations} lead={words.invitationsLead}>
      {notice && <p className={styles.notice}>{notice}</p>}
      <Make onMade={setMade} />
      {made && (
        <Secret
          key={made}
          title={words.invited}
          warning={words.invitedWarning}
          values={[
            { label: words.link, value: linkOf(made) },
            { label: words.secret, value: made },
          ]}
          onDone={() => setMade(null)}
        />
      )}
      {error ? <Failed error={error} onRetry={() => void refetch()} /> : !data && <Loading />}
      {data && (data.length > 0 ? <Made all={data} /> : <Nothing>{words.noInvitations}</Nothing>)}
    </Section>
  );
}

/** What stands behind `#` is not sent to a server, and in none of its logs. */
const linkOf = (secret: string) => `${at("")}#invitation=${encodeURIComponent(secret)}`;

function Make({ onMade }: { onMade: (secret: string) => void }) {
  const words = useTexts(texts);
  const queries = useQueryClient();
  const form = useForm({
    fields: ["email", "expires_in_days"],
    async act(given, element) {
      const days = Number(given.expires_in_days);
      onMade((await invite((given.email ?? "").trim(), days)).invitation);
      element.reset();
      await queries.invalidateQueries({ queryKey: invitations.queryKey });
    },
  });
  return (
    <form className={styles.inline} onSubmit={form.onSubmit} aria-label={words.invite}>
      <Input
        label={words.inviteEmail}
        name="email"
        type="email"
        autoComplete="off"
        maxLength={254}
        hint={words.inviteEmailHint}
        problem={form.of("email")}
      />
      <Input
        label={words.inviteDays}
        name="expires_in_days"
        type="number"
        inputMode="numeric"
        min={1}
        max={MOST}
        step={1}
        required
        defaultValue={DAYS}
        problem={form.of("expires_in_days")}
      />
      <Button type="submit" look="main" disabled={form.busy}>
        {words.invite}
      </Button>
      {form.rest && <Complaint>{form.rest}</Complaint>}
    </form>
  );
}

function Made({ all }: { all: readonly Invitation[] }) {
  const words = useTexts(texts);
  const language = useLanguage();
  const [asked, setAsked] = useState<Invitation | null>(null);
  const nameOf = useNames(all.flatMap((one) => [one.created_by, one.used_by]));
  const withdrawing = useAct<Invitation>({
    act: (one) => withdraw(one.id),
    list: invitations.queryKey,
    done: () => toast(words.withdrawn),
  });
  const called = (one: Invitation) => one.email ?? words.anybody;
  const used = ({ used_by, used_at }: Invitation) =>
    used_at !== null &&
    words.usedBy(used_by ? nameOf(used_by) : words.stranger, time(used_at, language));
  return (
    <>
      <List label={words.invitations}>
        {all.map((one) => (
          <Item
            key={one.id}
            icon={<Mail />}
            title={
              <>
                <bdi>{called(one)}</bdi>
                <State of={one} />
              </>
            }
            facts={[
              one.created_by && words.invitedBy(nameOf(one.created_by)),
              words.created(time(one.created_at, language)),
              used(one) || words.until(time(one.expires_at, language)),
            ]}
            problem={withdrawing.problem(one)}
            actions={
              <Button
                look="danger"
                aria-label={words.withdrawOf(called(one))}
                disabled={withdrawing.busy(one)}
                onClick={() => setAsked(one)}
              >
                {words.withdraw}
              </Button>
            }
          />
        ))}
      </List>
      <Confirm
        open={asked !== null}
        onClose={() => setAsked(null)}
        onConfirm={() => asked && withdrawing.act(asked)}
        title={words.withdrawTitle}
        text={words.withdrawText}
        action={words.withdraw}
      />
    </>
  );
}

function State({ of }: { of: Invitation }) {
  const words = useTexts(texts);
  if (of.used_at) return <Badge>{words.used}</Badge>;
  if (Date.parse(of.expires_at) < Date.now()) return <Badge>{words.expired}</Badge>;
  return <Badge tone="good">{words.open}</Badge>;
}
