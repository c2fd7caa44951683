/** What may be done to a user. */
import { useQuery } from "@tanstack/react-query";
import { Ban, CircleCheck, Coins, EllipsisVertical, SlidersHorizontal, Trash2 } from "lucide-react";
import type { ManagedUser } from "../api/admin.ts";
import { about } from "../api/conversations.ts";
import { useTexts } from "../texts/texts.ts";
import { IconButton } from "../ui/Button.tsx";
import { Menu, MenuItem, MenuSeparator } from "../ui/Menu.tsx";
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
    >
      <MenuItem icon={<SlidersHorizontal />} onClick={() => onChoose("edit")}>
        {words.edit}
      </MenuItem>
      {server && server.points !== "off" && (
        <MenuItem icon={<Coins />} onClick={() => onChoose("give")}>
          {words.points}
        </MenuItem>
      )}
      {user.disabled ? (
        <MenuItem icon={<CircleCheck />} onClick={() => onChoose("enable")}>
          {words.enable}
        </MenuItem>
      ) : (
        <MenuItem icon={<Ban />} onClick={() => onChoose("disable")}>
          {words.disable}
        </MenuItem>
      )}
      <MenuSeparator />
      <MenuItem icon={<Trash2 />} danger onClick={() => onChoose("remove")}>
        {words.remove}
      </MenuItem>
    </Menu>
  );
}
