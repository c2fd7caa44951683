/** One of a few: radio buttons that stand side by side. */
import { type ReactNode, useId } from "react";
import styles from "./Choice.module.css";

export function Choice<T extends string>(props: {
  label: string;
  value: T;
  options: readonly { value: T; label: ReactNode }[];
  onChange: (value: T) => void;
  /** The label is seen, not only read. */
  shown?: boolean;
}) {
  const name = useId();
  return (
    <fieldset className={styles.choice}>
      <legend className={props.shown ? styles.legend : "hidden"}>{props.label}</legend>
      <div className={styles.options}>
        {props.options.map(({ value, label }) => (
          <label key={value} className={styles.option}>
            <input
              type="radio"
              className={styles.radio}
              name={name}
              value={value}
              checked={value === props.value}
              onChange={() => props.onChange(value)}
            />
            {label}
          </label>
        ))}
      </div>
    </fieldset>
  );
}
