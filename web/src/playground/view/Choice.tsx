/** Which API, and how it is carried. */
import { useTexts } from "../../texts/texts.ts";
import { Select } from "../../ui/Field.tsx";
import { texts } from "../texts.ts";
import { DIALECTS, type Dialect, type Way, waysOf } from "../ways/ways.ts";
import card from "./Card.module.css";
import styles from "./Choice.module.css";

export function Choice({ way, onChoose }: { way: Way; onChoose: (id: string) => void }) {
  const words = useTexts(texts);
  const turn = (dialect: Dialect) => {
    const all = waysOf(dialect);
    const alike = all.find((one) => one.carrier === way.carrier) ?? all[0];
    if (alike) onChoose(alike.id);
  };
  return (
    <div className={card.card}>
      <div className={styles.selects}>
        <Select
          label={words.dialect}
          value={way.dialect}
          onChange={(event) => turn(event.currentTarget.value as Dialect)}
        >
          {DIALECTS.map((dialect) => (
            <option key={dialect} value={dialect}>
              {words.dialects[dialect]}
            </option>
          ))}
        </Select>
        <Select
          label={words.transport}
          value={way.id}
          onChange={(event) => onChoose(event.currentTarget.value)}
        >
          {waysOf(way.dialect).map((one) => (
            <option key={one.id} value={one.id}>
              {one.title}
            </option>
          ))}
        </Select>
      </div>
      <p className={styles.address}>
        <strong>{way.method}</strong> <code>/{way.path}</code>
      </p>
      {way.members && <p className={card.hint}>{words.members}</p>}
    </div>
  );
}
