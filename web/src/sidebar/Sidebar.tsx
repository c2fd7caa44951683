/** One's conversations, and the way to everything else. */
import { Search as Glass, SquarePen, X } from "lucide-react";
import { Link, useLocation } from "wouter";
import type { User } from "../api/types.ts";
import { useTexts } from "../texts/texts.ts";
import { Button, IconButton } from "../ui/Button.tsx";
import { AccountMenu } from "./AccountMenu.tsx";
import { List } from "./List.tsx";
import styles from "./Sidebar.module.css";
import { texts } from "./texts.ts";

interface Props {
  user: User;
  onSearch: () => void;
  onClose: () => void;
}

export function Sidebar({ user, onSearch, onClose }: Props) {
  const words = useTexts(texts);
  const [, go] = useLocation();
  return (
    <div className={styles.side}>
      <div className={styles.head}>
        <Link href="/" className={styles.brand} onClick={onClose}>
          Sluice
        </Link>
        <IconButton
          className={styles.close ?? ""}
          label={words.close}
          icon={<X />}
          onClick={onClose}
        />
      </div>
      <div className={styles.doors}>
        <Button
          icon={<SquarePen />}
          onClick={() => {
            go("/");
            onClose();
          }}
        >
          {words.new}
        </Button>
        <Button
          look="quiet"
          icon={<Glass />}
          onClick={onSearch}
          aria-keyshortcuts="Control+K Meta+K"
        >
          {words.search}
          <kbd className={styles.key}>
            {/Mac|iPhone|iPad/.test(navigator.platform) ? "⌘K" : "Ctrl K"}
          </kbd>
        </Button>
      </div>
      <List onOpen={onClose} />
      <AccountMenu user={user} />
    </div>
  );
}
