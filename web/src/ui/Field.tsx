/** A labelled input, select or text area, with a hint and what is wrong with it. */
import { type ComponentProps, type ReactNode, useId } from "react";
import styles from "./Field.module.css";

interface Own {
  label: string;
  hint?: ReactNode;
  problem?: string | null | undefined;
  /** The label is read, not seen. */
  bare?: boolean;
}

interface Wiring {
  id: string;
  className: string | undefined;
  "aria-describedby": string | undefined;
  "aria-invalid": true | undefined;
}

function Frame({
  label,
  hint,
  problem,
  bare,
  children,
}: Own & { children: (to: Wiring) => ReactNode }) {
  const id = useId();
  const below = problem || hint;
  const wiring: Wiring = {
    id,
    className: styles.input,
    "aria-describedby": below ? `${id}-below` : undefined,
    "aria-invalid": problem ? true : undefined,
  };
  return (
    <div className={styles.field}>
      <label htmlFor={id} className={bare ? "hidden" : styles.label}>
        {label}
      </label>
      {children(wiring)}
      {below && (
        <p id={`${id}-below`} className={problem ? styles.problem : styles.hint}>
          {below}
        </p>
      )}
    </div>
  );
}

export function Input({ label, hint, problem, bare, ...rest }: Own & ComponentProps<"input">) {
  return (
    <Frame {...{ label, hint, problem, ...(bare && { bare }) }}>
      {(wiring) => <input {...rest} {...wiring} />}
    </Frame>
  );
}

export function Select({ label, hint, problem, bare, ...rest }: Own & ComponentProps<"select">) {
  return (
    <Frame {...{ label, hint, problem, ...(bare && { bare }) }}>
      {(wiring) => <select {...rest} {...wiring} />}
    </Frame>
  );
}

export function TextArea({
  label,
  hint,
  problem,
  bare,
  ...rest
}: Own & ComponentProps<"textarea">) {
  return (
    <Frame {...{ label, hint, problem, ...(bare && { bare }) }}>
      {(wiring) => <textarea {...rest} {...wiring} />}
    </Frame>
  );
}
