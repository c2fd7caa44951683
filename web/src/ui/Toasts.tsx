/** Shows short notes, which go by themselves; one may offer to undo something. */
import { Toast } from "@base-ui/react/toast";
import { X } from "lucide-react";
import { useEffect } from "react";
import { useTexts } from "../texts/texts.ts";
import { Button, IconButton } from "./Button.tsx";
import styles from "./Toasts.module.css";
import { texts } from "./texts.ts";
import { type Note, showing } from "./toasts.ts";

const LASTING = 8000; // ms
const manager = Toast.createToastManager();

function add({ text, bad, undo }: Note): void {
  const id = manager.add({
    description: text,
    timeout: LASTING,
    ...(bad && { priority: "high", type: "bad" }),
    ...(undo && {
      actionProps: {
        onClick: () => {
          manager.close(id);
          undo();
        },
      },
    }),
  });
}

export default function Toasts() {
  useEffect(() => showing(add), []);
  return (
    <Toast.Provider toastManager={manager} limit={3}>
      <Toast.Portal>
        <Toast.Viewport className={styles.viewport}>
          <List />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function List() {
  const words = useTexts(texts);
  const { toasts } = Toast.useToastManager();
  return toasts.map((one) => (
    <Toast.Root
      key={one.id}
      toast={one}
      className={`${styles.toast} ${one.type === "bad" ? styles.bad : ""}`}
    >
      <Toast.Description className={styles.text} />
      {one.actionProps && (
        <Toast.Action
          render={<Button look="quiet">{words.undo}</Button>}
          onClick={one.actionProps.onClick}
        >
          {words.undo}
        </Toast.Action>
      )}
      <Toast.Close render={<IconButton label={words.close} icon={<X />} />} />
    </Toast.Root>
  ));
}
