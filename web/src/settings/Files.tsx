/** What one has sent along with messages. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { File, FileText, Image } from "lucide-react";
import { useState } from "react";
import { discard } from "../api/conversations.ts";
import { files, type OwnFile } from "../api/settings.ts";
import { at } from "../base.ts";
import { bytes, time } from "../texts/format.ts";
import { useLanguage, useTexts } from "../texts/texts.ts";
import { Button, ButtonLink } from "../ui/Button.tsx";
import { Confirm } from "../ui/Dialog.tsx";
import { Item, List } from "../ui/List.tsx";
import { More } from "../ui/More.tsx";
import { toast } from "../ui/toasts.ts";
import { useAct } from "../ui/useAct.ts";
import { Nothing, Section } from "../ui/View.tsx";
import { Failed, Loading } from "../ui/Waiting.tsx";
import { texts } from "./texts.ts";

export function Files() {
  const words = useTexts(texts);
  const found = useInfiniteQuery(files);
  const all = found.data?.pages.flatMap((page) => page.items);
  return (
    <Section id="files" title={words.files} lead={words.filesLead}>
      {found.isPending && <Loading />}
      {found.isError && !all && <Failed error={found.error} onRetry={() => void found.refetch()} />}
      {all && (all.length > 0 ? <Kept all={all} /> : <Nothing>{words.noFiles}</Nothing>)}
      <More of={found} />
    </Section>
  );
}

function Kept({ all }: { all: readonly OwnFile[] }) {
  const words = useTexts(texts);
  const language = useLanguage();
  const [asked, setAsked] = useState<OwnFile | null>(null);
  const nameOf = (file: OwnFile) => file.name || words.unnamed;
  const removing = useAct<OwnFile>({
    act: (file) => discard(file.id),
    list: files.queryKey,
    done: (file) => toast(words.removed(nameOf(file))),
  });
  return (
    <>
      <List label={words.files}>
        {all.map((file) => (
          <Item
            key={file.id}
            icon={iconOf(file.content_type)}
            title={<bdi>{nameOf(file)}</bdi>}
            facts={[file.content_type, bytes(file.size, language), time(file.created_at, language)]}
            problem={removing.problem(file)}
            actions={
              <>
                <ButtonLink
                  href={at(file.url.replace(/^\//, ""))}
                  target="_blank"
                  rel="noopener"
                  aria-label={words.openOf(nameOf(file))}
                >
                  {words.open}
                </ButtonLink>
                <Button
                  look="danger"
                  aria-label={words.removeOf(nameOf(file))}
                  disabled={removing.busy(file)}
                  onClick={() => setAsked(file)}
                >
                  {words.remove}
                </Button>
              </>
            }
          />
        ))}
      </List>
      <Confirm
        open={asked !== null}
        onClose={() => setAsked(null)}
        onConfirm={() => asked && removing.act(asked)}
        title={words.removeTitle(asked ? nameOf(asked) : "")}
        text={words.removeText}
        action={words.remove}
      />
    </>
  );
}

function iconOf(type: string) {
  if (type.startsWith("image/")) return <Image />;
  return type.startsWith("text/") || type === "application/pdf" ? <FileText /> : <File />;
}
