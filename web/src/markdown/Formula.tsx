/** A formula: its source, and once KaTeX has been fetched what it means. A wrong one stays source. */
import { memo, useEffect, useRef } from "react";
import { later } from "./idle.ts";
import styles from "./Markdown.module.css";

interface Props {
  source: string;
  display: boolean;
  /** As it was written, with its marks. */
  written: string;
}

/** Another formula is another element: what KaTeX has put there is none of React's. */
export function Formula(props: Props) {
  return <Drawn key={props.written} {...props} />;
}

const Drawn = memo(function Drawn({ source, display, written }: Props) {
  const place = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    let off = () => {};
    let wanted = true;
    import("./typeset.ts").then(
      ({ typeset }) => {
        if (!wanted) return;
        off = later(() => {
          const drawn = typeset(source, display);
          if (drawn) place.current?.replaceChildren(...drawn);
          place.current?.setAttribute("data-drawn", String(drawn !== null));
        });
      },
      () => {}, // it stays source
    );
    return () => {
      wanted = false;
      off();
    };
  }, [source, display]);
  return (
    <span
      ref={place}
      className={display ? styles.display : styles.formula}
      dir="ltr"
      translate="no"
    >
      {written}
    </span>
  );
});
