/** One's account and preferences, a section each. */
import type { User } from "../api/types.ts";
import { useTexts } from "../texts/texts.ts";
import { View } from "../ui/View.tsx";
import { Appearance } from "./Appearance.tsx";
import { Files } from "./Files.tsx";
import { Keys } from "./Keys.tsx";
import { Leave } from "./Leave.tsx";
import { Password } from "./Password.tsx";
import { Profile } from "./Profile.tsx";
import { Sessions } from "./Sessions.tsx";
import styles from "./Settings.module.css";
import { texts } from "./texts.ts";

const PARTS = ["profile", "password", "appearance", "keys", "sessions", "files", "leave"] as const;

export default function Settings({ user }: { user: User }) {
  const words = useTexts(texts);
  return (
    <View title={words.title} narrow>
      <nav aria-label={words.sections}>
        <ul className={styles.parts}>
          {PARTS.map((part) => (
            <li key={part}>
              <a href={`#${part}`}>{words[part]}</a>
            </li>
          ))}
        </ul>
      </nav>
      <Profile user={user} />
      <Password user={user} />
      <Appearance />
      <Keys />
      <Sessions />
      <Files />
      <Leave user={user} />
    </View>
  );
}
