/** In which language the page speaks. */
import { choose, LANGUAGES, type Language, useLanguage } from "../texts/texts.ts";
import { Select } from "./Field.tsx";

export function ChooseLanguage() {
  return (
    <Select
      label="Language"
      bare
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
