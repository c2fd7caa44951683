/** One message: what was asked, or what was replied, with what can be done about it. */
import { memo } from "react";
import type { Message } from "../api/types.ts";
import { Asked } from "./Asked.tsx";
import type { Acts } from "./acts.ts";
import { Replied } from "./Replied.tsx";

interface Props {
  message: Message;
  acts: Acts;
  /** A reply is being written: nothing else can be begun. */
  busy: boolean;
  last: boolean;
}

export const Row = memo(function Row({ message, acts, busy, last }: Props) {
  return message.role === "user" ? (
    <Asked message={message} acts={acts} busy={busy} />
  ) : (
    <Replied message={message} acts={acts} busy={busy} last={last} />
  );
});
