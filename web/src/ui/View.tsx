/** A view that is a page of its own: it scrolls by itself, has a title, and is made of sections. */
import { type ReactNode, useId } from "react";
import { useTitle } from "./useTitle.ts";
import styles from "./View.module.css";

export function View(props: {
  title: string;
  lead?: ReactNode;
  narrow?: boolean;
  children: ReactNode;
}) {
  useTitle(props.title);
  return (
    <div className={styles.view}>
      <div className={`${styles.column} ${props.narrow ? styles.narrow : ""}`}>
        <header className={styles.head}>
          <h1>{props.title}</h1>
          {props.lead && <p className={styles.lead}>{props.lead}</p>}
        </header>
        {props.children}
      </div>
    </div>
  );
}

export function Section(props: {
  title: string;
  id?: string;
  lead?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  const heading = useId();
  return (
    <section id={props.id} className={styles.section} aria-labelledby={heading}>
      <header className={styles.top}>
        <h2 id={heading}>{props.title}</h2>
        {props.actions}
      </header>
      {props.lead && <p className={styles.lead}>{props.lead}</p>}
      {props.children}
    </section>
  );
}

/** What stands where there is nothing yet. */
export function Nothing({ children }: { children: ReactNode }) {
  return <p className={styles.nothing}>{children}</p>;
}

/** What went wrong, beside what was tried. */
export function Complaint({ children }: { children: ReactNode }) {
  return (
    <p role="alert" className={styles.complaint}>
      {children}
    </p>
  );
}
