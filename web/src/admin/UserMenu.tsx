/** What may be done to a user. */
import { useQuery } from "@tanstack/react-query";
import { Ban, CircleCheck, Coins, EllipsisVertical, SlidersHorizontal, Trash2 } from "lucide-react";
import type { ManagedUser } from "../api/admin.ts";
import { about } from "../api/conversations.ts";
import { useTexts } from "../texts/texts.ts";
import { IconButton } from "../ui/Button.tsx";
import { Menu } from "../ui/Menu.tsx";
import { texts } from "./texts.ts";

export type Doing = "edit" | "give" | "disable" | "enable" | "remove";

export function UserMenu(props: {
  user: ManagedUser;
  busy: boolean;
  onChoose: (doing: Doing) => void;
}) {
  const words = useTexts(texts);
  const server = useQuery(about).data;
  const { user, busy, onChoose } = props;
  return (
    <Menu
      trigger={
        <IconButton
          label={words.actionsOf(user.username)}
          icon={<EllipsisVertical />}
          disabled={busy}
        />
      }
      actions={[
        { label: words.edit, icon: <SlidersHorizontal />, onClick: () => onChoose("edit") },
        ...(server && server.points !== "off"
          ? [{ label: words.points, icon: <Coins />, onClick: () => onChoose("give") }]
          : []),
        user.disabled
          ? { label: words.enable, icon: <CircleCheck />, onClick: () => onChoose("enable") }
          : { label: words.disable, icon: <Ban />, onClick: () => onChoose("disable") },
        null,
        {
          label: words.remove,
          icon: <Trash2 />,
          onClick: () => onChoose("remove"),
          danger: true,
        },
      ]}
    />
  );
}
