/** Things under each other: what each is called, what else there is to know, and what can be done. */
import type { ReactNode } from "react";
import styles from "./List.module.css";
import { Complaint } from "./View.tsx";

export function List({ label, children }: { label: string; children: ReactNode }) {
  return (
    <ul className={styles.list} aria-label={label}>
      {children}
    </ul>
  );
}

export function Item(props: {
  icon?: ReactNode;
  title: ReactNode;
  facts?: (string | false | null)[];
  actions?: ReactNode;
  /** What went wrong with it. */
  problem?: string | null;
}) {
  const facts = (props.facts ?? []).filter(Boolean) as string[];
  return (
    <li className={styles.item}>
      {props.icon && (
        <span className={styles.icon} aria-hidden="true">
          {props.icon}
        </span>
      )}
      <div className={styles.about}>
        <p className={styles.title}>{props.title}</p>
        {facts.length > 0 && (
          <p className={styles.facts}>
            {facts.map((fact) => (
              <span key={fact}>{fact}</span>
            ))}
          </p>
        )}
      </div>
      {props.actions && <div className={styles.actions}>{props.actions}</div>}
      {props.problem && (
        <div className={styles.problem}>
          <Complaint>{props.problem}</Complaint>
        </div>
      )}
    </li>
  );
}

type Tone = "plain" | "good" | "bad" | "accent";

export function Badge({ tone = "plain", children }: { tone?: Tone; children: ReactNode }) {
  return <span className={`${styles.badge} ${styles[tone]}`}>{children}</span>;
}
