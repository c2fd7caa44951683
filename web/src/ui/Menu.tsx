/**
 * A menu that opens from a button. What makes it one is loaded when somebody is about to open one:
 * until then there is the button alone.
 */
import { cloneElement, lazy, type ReactElement, type ReactNode, Suspense, useState } from "react";

export interface Action {
  label: string;
  icon: ReactNode;
  onClick?: () => void;
  /** Leads somewhere, instead. */
  href?: string;
  /** What is there is kept as a file. */
  download?: boolean;
  danger?: boolean;
}

export interface MenuProps {
  trigger: ReactElement<Record<string, unknown>>;
  /** What can be done; null draws a line. */
  actions: readonly (Action | null)[];
  side?: "top" | "bottom";
  align?: "start" | "end";
}

const load = () => import("./OpenMenu.tsx");
const OpenMenu = lazy(load);

export function Menu(props: MenuProps) {
  const [wanted, setWanted] = useState(false);
  const button = cloneElement(props.trigger, {
    "aria-haspopup": "menu",
    "aria-expanded": false,
    onClick: () => setWanted(true),
    onPointerEnter: load,
    onFocus: load,
  });
  if (!wanted) return button;
  return (
    <Suspense fallback={button}>
      <OpenMenu {...props} />
    </Suspense>
  );
}
