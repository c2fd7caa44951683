/** Where one is signed in. */
import { useQuery } from "@tanstack/react-query";
import { Globe, Terminal } from "lucide-react";
import { useState } from "react";
import { endSession, type Session, sessions } from "../api/settings.ts";
import { time } from "../texts/format.ts";
import { useLanguage, useTexts } from "../texts/texts.ts";
import { Button } from "../ui/Button.tsx";
import { Confirm } from "../ui/Dialog.tsx";
import { Badge, Item, List } from "../ui/List.tsx";
import { texts as common } from "../ui/texts.ts";
import { toast } from "../ui/toasts.ts";
import { useAct } from "../ui/useAct.ts";
import { useGoodbye } from "../ui/useGoodbye.ts";
import { Section } from "../ui/View.tsx";
import { Failed, Loading } from "../ui/Waiting.tsx";
import { clientOf } from "./agents.ts";
import { texts } from "./texts.ts";

const FEW = 8; // that are shown at first; the one that is current was seen last

export function Sessions() {
  const words = useTexts(texts);
  const { data, error, refetch } = useQuery(sessions);
  return (
    <Section id="sessions" title={words.sessions} lead={words.sessionsLead}>
      {error ? <Failed error={error} onRetry={() => void refetch()} /> : !data && <Loading />}
      {data && <Going all={data} />}
    </Section>
  );
}

function Going({ all }: { all: readonly Session[] }) {
  const words = useTexts(texts);
  const language = useLanguage();
  const goodbye = useGoodbye();
  const more = useTexts(common).more;
  const [shown, setShown] = useState(FEW);
  const [asked, setAsked] = useState<Session | null>(null);
  const ending = useAct<Session>({
    act: (one) => endSession(one.id),
    list: sessions.queryKey,
    done: (one) => (one.current ? goodbye() : toast(words.ended)),
  });

  function nameOf({ agent }: Session): string {
    const client = clientOf(agent);
    if (!client) return words.unknown;
    return client.system ? words.on(client.name, client.system) : client.name;
  }

  return (
    <>
      <List label={words.sessions}>
        {all.slice(0, shown).map((one) => (
          <Item
            key={one.id}
            icon={one.kind === "cookie" ? <Globe /> : <Terminal />}
            title={
              <>
                <bdi title={one.agent}>{nameOf(one)}</bdi>
                {one.current && <Badge tone="good">{words.here}</Badge>}
              </>
            }
            facts={[
              one.kind === "cookie" ? words.browser : words.program,
              one.address,
              words.seen(time(one.seen_at, language)),
            ]}
            problem={ending.problem(one)}
            actions={
              <Button
                look="danger"
                aria-label={words.endOf(nameOf(one))}
                disabled={ending.busy(one)}
                onClick={() => setAsked(one)}
              >
                {words.end}
              </Button>
            }
          />
        ))}
      </List>
      {all.length > shown && (
        <div>
          <Button onClick={() => setShown(all.length)}>{more}</Button>
        </div>
      )}
      <Confirm
        open={asked !== null}
        onClose={() => setAsked(null)}
        onConfirm={() => asked && ending.act(asked)}
        title={words.endTitle}
        text={asked?.current ? words.endHereText : words.endText(asked ? nameOf(asked) : "")}
        action={words.end}
      />
    </>
  );
}
