/** A window over the page, closed by Escape, and a question before something that hurts. */
import { AlertDialog } from "@base-ui/react/alert-dialog";
import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { useTexts } from "../texts/texts.ts";
import { Button, IconButton } from "./Button.tsx";
import styles from "./Dialog.module.css";
import { texts } from "./texts.ts";

export function Dialog(props: {
  open: boolean;
  onClose: () => void;
  title: string;
  wide?: boolean;
  children: ReactNode;
}) {
  const words = useTexts(texts);
  return (
    <Base.Root open={props.open} onOpenChange={(open) => !open && props.onClose()}>
      <Base.Portal>
        <Base.Backdrop className={styles.backdrop} />
        <Base.Popup className={`${styles.popup} ${props.wide ? styles.wide : ""}`}>
          <header className={styles.head}>
            <Base.Title className={styles.title}>{props.title}</Base.Title>
            <Base.Close render={<IconButton label={words.close} icon={<X />} />} />
          </header>
          {props.children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

export function Confirm(props: {
  open: boolean;
  onClose: () => void;
  onConfirm: () => void;
  title: string;
  text: ReactNode;
  action: string;
}) {
  const words = useTexts(texts);
  return (
    <AlertDialog.Root open={props.open} onOpenChange={(open) => !open && props.onClose()}>
      <AlertDialog.Portal>
        <AlertDialog.Backdrop className={styles.backdrop} />
        <AlertDialog.Popup className={styles.popup}>
          <AlertDialog.Title className={styles.title}>{props.title}</AlertDialog.Title>
          <AlertDialog.Description className={styles.text}>{props.text}</AlertDialog.Description>
          <div className={styles.buttons}>
            <AlertDialog.Close render={<Button>{words.cancel}</Button>} />
            <AlertDialog.Close
              render={
                <Button look="danger" onClick={props.onConfirm}>
                  {props.action}
                </Button>
              }
            />
          </div>
        </AlertDialog.Popup>
      </AlertDialog.Portal>
    </AlertDialog.Root>
  );
}
