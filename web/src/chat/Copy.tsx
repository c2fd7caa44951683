/** A button that copies a text, and says that it has. */
import { Check, Copy as Icon } from "lucide-react";
import { useTexts } from "../texts/texts.ts";
import { IconButton } from "../ui/Button.tsx";
import { useCopying } from "../ui/useCopying.ts";
import { texts } from "./texts.ts";

export function Copy({ text }: { text: string }) {
  const words = useTexts(texts);
  const { done, act } = useCopying(text);
  return (
    <>
      <IconButton
        label={done ? words.copied : words.copy}
        icon={done ? <Check /> : <Icon />}
        onClick={act}
      />
      <span className="hidden" role="status">
        {done ? words.copied : ""}
      </span>
    </>
  );
}
