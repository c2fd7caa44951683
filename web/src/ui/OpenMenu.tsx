/** A menu, with the keys and the roles that one expects of it. It is open at first. */
import { Menu as Base } from "@base-ui/react/menu";
import { Fragment } from "react";
import styles from "./Menu.module.css";
import type { Action, MenuProps } from "./Menu.tsx";

export default function OpenMenu({ trigger, actions, side, align }: MenuProps) {
  return (
    <Base.Root defaultOpen>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner
          className={styles.place}
          side={side ?? "bottom"}
          align={align ?? "end"}
          sideOffset={4}
        >
          <Base.Popup className={styles.popup}>
            {actions.map((action, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: they stay where they are
              <Fragment key={index}>
                {action ? <Line {...action} /> : <Base.Separator className={styles.separator} />}
              </Fragment>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

function Line({ label, icon, onClick, href, download, danger }: Action) {
  if (href !== undefined) {
    return (
      <Base.LinkItem
        className={styles.item}
        href={href}
        closeOnClick
        {...(download && { download: true })}
      >
        {icon}
        {label}
      </Base.LinkItem>
    );
  }
  return (
    <Base.Item className={`${styles.item} ${danger ? styles.danger : ""}`} onClick={onClick}>
      {icon}
      {label}
    </Base.Item>
  );
}
