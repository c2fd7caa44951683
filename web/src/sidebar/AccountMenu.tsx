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
import { Menu } from "../ui/Menu.tsx";
import { toast } from "../ui/toasts.ts";
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
        actions={[
          { label: words.usage, icon: <ChartColumn />, onClick: () => go("/usage") },
          { label: words.settings, icon: <Settings />, onClick: () => go("/settings") },
          ...(user.role === "admin"
            ? [{ label: words.admin, icon: <Shield />, onClick: () => go("/admin") }]
            : []),
          null,
          { label: words.playground, icon: <FlaskConical />, onClick: () => go("/playground") },
          { label: words.api, icon: <BookOpen />, href: at("docs") },
          null,
          { label: words.signOut, icon: <LogOut />, onClick: () => void leave() },
        ]}
      />
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
