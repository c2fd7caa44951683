/** A button that copies a text, and says that it has. */
import { Check, Copy as Icon } from "lucide-react";
import { useEffect, useState } from "react";
import { useTexts } from "../texts/texts.ts";
import { IconButton } from "../ui/Button.tsx";
import { copy } from "../ui/clipboard.ts";
import { texts } from "./texts.ts";

const SAID = 2_000; // ms

export function Copy({ text }: { text: string }) {
  const words = useTexts(texts);
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), SAID);
    return () => clearTimeout(timer);
  }, [done]);
  return (
    <>
      <IconButton
        label={done ? words.copied : words.copy}
        icon={done ? <Check /> : <Icon />}
        onClick={async () => setDone(await copy(text))}
      />
      <span className="hidden" role="status">
        {done ? words.copied : ""}
      </span>
    </>
  );
}
