/** Who is signed in, and what belongs to that. */
import {
  BookOpen,
  ChartColumn,
  CircleUser,
  FlaskConical,
  LogOut,
  Settings,
  Shield,
} from "lucide-react";
import { useLocation } from "wouter";
import { signOut } from "../api/account.ts";
import type { User } from "../api/types.ts";
import { at } from "../base.ts";
import { useTexts } from "../texts/texts.ts";
import { Button } from "../ui/Button.tsx";
import { Menu, MenuItem, MenuLink, MenuSeparator } from "../ui/Menu.tsx";
import { toast } from "../ui/toasts.tsx";
import styles from "./Sidebar.module.css";
import { texts } from "./texts.ts";

export function AccountMenu({ user }: { user: User }) {
  const words = useTexts(texts);
  const [, go] = useLocation();

  async function leave() {
    try {
      await signOut();
      forgetDrafts();
      location.assign(at("")); // anew, so that nothing of what was shown stays in this tab
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), { bad: true });
    }
  }

  return (
    <div className={styles.account}>
      <Menu
        side="top"
        align="start"
        trigger={
          <Button look="quiet" icon={<CircleUser />} aria-label={words.account(user.username)}>
            <bdi>{user.username}</bdi>
          </Button>
        }
      >
        <MenuItem icon={<ChartColumn />} onClick={() => go("/usage")}>
          {words.usage}
        </MenuItem>
        <MenuItem icon={<Settings />} onClick={() => go("/settings")}>
          {words.settings}
        </MenuItem>
        {user.role === "admin" && (
          <MenuItem icon={<Shield />} onClick={() => go("/admin")}>
            {words.admin}
          </MenuItem>
        )}
        <MenuSeparator />
        <MenuItem icon={<FlaskConical />} onClick={() => go("/playground")}>
          {words.playground}
        </MenuItem>
        <MenuLink icon={<BookOpen />} href={at("docs")}>
          {words.api}
        </MenuLink>
        <MenuSeparator />
        <MenuItem icon={<LogOut />} onClick={() => void leave()}>
          {words.signOut}
        </MenuItem>
      </Menu>
    </div>
  );
}

/** What was written and not sent is nobody else's business. */
function forgetDrafts(): void {
  try {
    sessionStorage.clear();
  } catch {
    // Nothing was kept then.
  }
}
