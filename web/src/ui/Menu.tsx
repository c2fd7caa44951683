/** A menu that opens from a button. */
import { Menu as Base } from "@base-ui/react/menu";
import type { ReactElement, ReactNode } from "react";
import styles from "./Menu.module.css";

export function Menu(props: {
  trigger: ReactElement<Record<string, unknown>>;
  side?: "top" | "bottom";
  align?: "start" | "end";
  children: ReactNode;
}) {
  return (
    <Base.Root>
      <Base.Trigger render={props.trigger} />
      <Base.Portal>
        <Base.Positioner
          className={styles.place}
          side={props.side ?? "bottom"}
          align={props.align ?? "end"}
          sideOffset={4}
        >
          <Base.Popup className={styles.popup}>{props.children}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

interface ItemProps {
  icon?: ReactNode;
  danger?: boolean;
  disabled?: boolean;
  onClick?: () => void;
  children: ReactNode;
}

export function MenuItem({ icon, danger, children, ...rest }: ItemProps) {
  return (
    <Base.Item className={`${styles.item} ${danger ? styles.danger : ""}`} {...rest}>
      {icon}
      {children}
    </Base.Item>
  );
}

export function MenuLink({
  icon,
  href,
  download,
  children,
}: {
  icon?: ReactNode;
  href: string;
  download?: boolean;
  children: ReactNode;
}) {
  return (
    <Base.LinkItem
      className={styles.item}
      href={href}
      closeOnClick
      {...(download && { download: true })}
    >
      {icon}
      {children}
    </Base.LinkItem>
  );
}

export function MenuSeparator() {
  return <Base.Separator className={styles.separator} />;
}
