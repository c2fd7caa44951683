/** Tells a screen reader what is being written: sentence by sentence, never token by token. */
import { useEffect, useRef, useState } from "react";
import { useLives, useReply } from "../live/context.tsx";
import { sentences } from "../markdown/plain.ts";
import { texts as markdown } from "../markdown/texts.ts";
import { useTexts } from "../texts/texts.ts";
import { texts } from "./texts.ts";

const BREATH = 1_500; // ms between two announcements, so that none cuts off another

export function Announcer({ run }: { run: string | null }) {
  const words = useTexts(texts);
  const { heard } = useTexts(markdown);
  const lives = useLives();
  const [followed, setFollowed] = useState(run);
  if (run !== null && run !== followed) setFollowed(run);
  const over = useReply(followed)?.over ?? false;
  const [said, setSaid] = useState("");
  const from = useRef({ run: "", position: 0 });

  useEffect(() => {
    if (followed === null) return;
    if (from.current.run !== followed) {
      from.current = { run: followed, position: 0 };
      setSaid(words.begins);
    }
    const fresh = () => {
      const text = lives.get(followed)?.view.text ?? "";
      const next = sentences(over ? `${text}\n\n` : text, from.current.position, heard);
      from.current.position = next.position;
      return next.sentences.join(" ");
    };
    if (over) {
      setSaid(`${fresh()} ${words.complete}`.trim());
      return;
    }
    const timer = setInterval(() => {
      const more = fresh();
      if (more) setSaid(more);
    }, BREATH);
    return () => clearInterval(timer);
  }, [followed, over, lives, words, heard]);

  return (
    <p className="hidden" aria-live="polite" aria-atomic="true">
      {said}
    </p>
  );
}
