/** How the page looks and behaves on this device. */
import { Monitor, Moon, Sun } from "lucide-react";
import type { ReactNode } from "react";
import { useTexts } from "../texts/texts.ts";
import { Choice } from "../ui/Choice.tsx";
import { ChooseLanguage } from "../ui/ChooseLanguage.tsx";
import { Section } from "../ui/View.tsx";
import { setEnter, setScheme, useEnter, useScheme } from "./preferences.ts";
import styles from "./Settings.module.css";
import { texts } from "./texts.ts";

export function Appearance() {
  const words = useTexts(texts);
  const schemes = [
    { value: "system", label: labelled(<Monitor />, words.system) },
    { value: "light", label: labelled(<Sun />, words.light) },
    { value: "dark", label: labelled(<Moon />, words.dark) },
  ] as const;
  const enters = [
    { value: "send", label: words.enterSend },
    { value: "newline", label: words.enterNewline },
  ] as const;
  return (
    <Section id="appearance" title={words.appearance} lead={words.appearanceLead}>
      <div className={styles.wishes}>
        <Choice
          shown
          label={words.scheme}
          value={useScheme()}
          options={schemes}
          onChange={setScheme}
        />
        <div className={styles.language}>
          <ChooseLanguage label={words.language} />
        </div>
        <div>
          <Choice
            shown
            label={words.enter}
            value={useEnter()}
            options={enters}
            onChange={setEnter}
          />
          <p className={styles.hint}>{words.enterHint}</p>
        </div>
      </div>
    </Section>
  );
}

const labelled = (icon: ReactNode, text: string) => (
  <>
    {icon}
    {text}
  </>
);
