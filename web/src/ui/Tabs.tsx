/** Several views of one kind, of which one is shown. */
import { Tabs as Base } from "@base-ui/react/tabs";
import type { ReactNode } from "react";
import styles from "./Tabs.module.css";

export function Tabs<T extends string>(props: {
  label: string;
  value: T;
  onChange: (value: T) => void;
  tabs: readonly { value: T; label: string; panel: () => ReactNode }[];
}) {
  return (
    <Base.Root
      className={styles.tabs}
      value={props.value}
      onValueChange={(value) => props.onChange(value as T)}
    >
      <Base.List className={styles.list} aria-label={props.label}>
        {props.tabs.map(({ value, label }) => (
          <Base.Tab key={value} value={value} className={styles.tab}>
            {label}
          </Base.Tab>
        ))}
      </Base.List>
      {props.tabs.map(({ value, panel }) => (
        <Base.Panel key={value} value={value} className={styles.panel}>
          {value === props.value && panel()}
        </Base.Panel>
      ))}
    </Base.Root>
  );
}
