/** Who there is, and what an administrator may do to them. */
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { CircleUser } from "lucide-react";
import { useState } from "react";
import { changeUser, type ManagedUser, removeUser, users } from "../api/admin.ts";
import { session } from "../api/conversations.ts";
import type { User } from "../api/types.ts";
import { day, number } from "../texts/format.ts";
import { useLanguage, useTexts } from "../texts/texts.ts";
import { Confirm } from "../ui/Dialog.tsx";
import { Input } from "../ui/Field.tsx";
import { Badge, Item, List } from "../ui/List.tsx";
import { More } from "../ui/More.tsx";
import { toast } from "../ui/toasts.ts";
import { useAct } from "../ui/useAct.ts";
import { Nothing, Section } from "../ui/View.tsx";
import { Failed, Loading } from "../ui/Waiting.tsx";
import { Edit } from "./Edit.tsx";
import { Give } from "./Give.tsx";
import { texts } from "./texts.ts";
import { type Doing, UserMenu } from "./UserMenu.tsx";
import { useSettled } from "./useSettled.ts";

const PAUSE = 250; // ms without a keystroke, after which it is searched for

export function Users({ user }: { user: User }) {
  const words = useTexts(texts);
  const [q, setQ] = useState("");
  const found = useInfiniteQuery(users(useSettled(q.trim(), PAUSE)));
  const all = found.data?.pages.flatMap((page) => page.items);
  return (
    <Section title={words.users}>
      <search>
        <Input
          label={words.search}
          bare
          type="search"
          placeholder={words.searchHint}
          autoComplete="off"
          maxLength={254}
          value={q}
          onChange={(event) => setQ(event.currentTarget.value)}
        />
      </search>
      {found.isPending && <Loading />}
      {found.isError && !all && <Failed error={found.error} onRetry={() => void found.refetch()} />}
      {all &&
        (all.length > 0 ? <Found all={all} me={user.id} /> : <Nothing>{words.noUsers}</Nothing>)}
      <More of={found} />
    </Section>
  );
}

interface Chosen {
  user: ManagedUser;
  doing: Doing;
}

function Found({ all, me }: { all: readonly ManagedUser[]; me: string }) {
  const words = useTexts(texts);
  const queries = useQueryClient();
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const list = ["admin", "users"];
  const changed = (id: string) => {
    if (id === me) void queries.invalidateQueries({ queryKey: session.queryKey });
  };
  const turning = useAct<ManagedUser>({
    act: (user) => changeUser(user.id, { disabled: !user.disabled }),
    list,
    done(user) {
      toast((user.disabled ? words.enabledNow : words.disabledNow)(user.username));
      changed(user.id);
    },
  });
  const removing = useAct<ManagedUser>({
    act: (user) => removeUser(user.id),
    list,
    done(user) {
      toast(words.removed(user.username));
      changed(user.id);
    },
  });
  const doing = (what: Doing) => (chosen?.doing === what ? chosen.user : null);
  const close = () => setChosen(null);
  const [disabled, deleted] = [doing("disable"), doing("remove")];
  return (
    <>
      <List label={words.users}>
        {all.map((user) => (
          <One
            key={user.id}
            user={user}
            mine={user.id === me}
            problem={turning.problem(user) ?? removing.problem(user)}
            busy={turning.busy(user) || removing.busy(user)}
            onChoose={(next) =>
              next === "enable" ? turning.act(user) : setChosen({ user, doing: next })
            }
          />
        ))}
      </List>
      <Edit user={doing("edit")} onClose={close} onDone={changed} />
      <Give user={doing("give")} onClose={close} />
      <Confirm
        open={disabled !== null}
        onClose={close}
        onConfirm={() => disabled && turning.act(disabled)}
        title={words.disableTitle(disabled?.username ?? "")}
        text={words.disableText}
        action={words.disable}
      />
      <Confirm
        open={deleted !== null}
        onClose={close}
        onConfirm={() => deleted && removing.act(deleted)}
        title={words.removeTitle(deleted?.username ?? "")}
        text={words.removeText}
        action={words.remove}
      />
    </>
  );
}

function One(props: {
  user: ManagedUser;
  mine: boolean;
  busy: boolean;
  problem: string | null;
  onChoose: (doing: Doing) => void;
}) {
  const words = useTexts(texts);
  const language = useLanguage();
  const { user } = props;
  return (
    <Item
      icon={<CircleUser />}
      title={
        <>
          <bdi>{user.username}</bdi>
          {props.mine && <Badge>{words.you}</Badge>}
          {user.role === "admin" && <Badge tone="accent">{words.admin}</Badge>}
          {user.disabled && <Badge tone="bad">{words.disabled}</Badge>}
        </>
      }
      facts={[
        user.email,
        words.joined(day(user.created_at, language)),
        user.max_runs !== null && words.runsAtOnce(number(user.max_runs, language)),
        user.daily_tokens !== null && words.tokensADay(number(user.daily_tokens, language)),
      ]}
      problem={props.problem}
      actions={<UserMenu user={user} busy={props.busy} onChoose={props.onChoose} />}
    />
  );
}
