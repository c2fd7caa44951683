/** Buttons, and links that look like them. An icon alone needs a `label`, which is also its tip. */
import type { ComponentProps, ReactNode } from "react";
import styles from "./Button.module.css";

type Look = "main" | "plain" | "quiet" | "danger";

interface Own {
  look?: Look;
  icon?: ReactNode;
}

const className = (look: Look, bare: boolean, more?: string) =>
  [styles.button, styles[look], bare && styles.bare, more].filter(Boolean).join(" ");

export function Button({
  look = "plain",
  icon,
  children,
  className: more,
  ...rest
}: Own & ComponentProps<"button">) {
  return (
    <button type="button" className={className(look, !children, more)} {...rest}>
      {icon}
      {children}
    </button>
  );
}

export function IconButton({
  label,
  look = "quiet",
  ...rest
}: Own & { label: string; icon: ReactNode } & Omit<ComponentProps<"button">, "children">) {
  return <Button look={look} aria-label={label} title={label} {...rest} />;
}

export function ButtonLink({
  look = "plain",
  icon,
  children,
  className: more,
  ...rest
}: Own & ComponentProps<"a">) {
  return (
    <a className={className(look, !children, more)} {...rest}>
      {icon}
      {children}
    </a>
  );
}
