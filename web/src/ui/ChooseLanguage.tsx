/** In which language the page speaks. */
import { choose, LANGUAGES, type Language, useLanguage } from "../texts/texts.ts";
import { Select } from "./Field.tsx";

/** Without a label it stands where nobody has chosen one yet, and is called in English. */
export function ChooseLanguage({ label }: { label?: string }) {
  return (
    <Select
      label={label ?? "Language"}
      bare={label === undefined}
      value={useLanguage()}
      onChange={(event) => choose(event.currentTarget.value as Language)}
    >
      {Object.entries(LANGUAGES).map(([code, name]) => (
        <option key={code} value={code} lang={code}>
          {name}
        </option>
      ))}
    </Select>
  );
}
