/** What a reply took: which model, how many tokens, what it cost, how long the first word took. */
import type { Message } from "../api/types.ts";
import { money, number, seconds } from "../texts/format.ts";
import { useLanguage, useTexts } from "../texts/texts.ts";
import styles from "./Message.module.css";
import { texts } from "./texts.ts";

export function Figures({ message }: { message: Message }) {
  const words = useTexts(texts);
  const language = useLanguage();
  const { tokens, cost, points, first_token, duration } = message;
  const said = [
    message.model,
    tokens !== null && words.tokens(number(tokens, language)),
    cost !== null && money(cost, language),
    points !== null && points > 0 && words.points(number(points, language)),
    first_token !== null && words.first(seconds(first_token, language)),
    duration !== null && words.took(seconds(duration, language)),
  ].filter((one) => typeof one === "string");
  if (!said.length) return null;
  return (
    <ul className={styles.figures} aria-label={words.details}>
      {said.map((one) => (
        <li key={one}>{one}</li>
      ))}
    </ul>
  );
}
