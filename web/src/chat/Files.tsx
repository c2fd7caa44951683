/** Files beside a message: those that are chosen, and those that went with it. */
import { FileText, LoaderCircle, X } from "lucide-react";
import type { FileOfMessage } from "../api/types.ts";
import { at } from "../base.ts";
import { bytes } from "../texts/format.ts";
import { useLanguage, useTexts } from "../texts/texts.ts";
import { IconButton } from "../ui/Button.tsx";
import { useComplaint } from "../ui/Waiting.tsx";
import styles from "./Files.module.css";
import { texts } from "./texts.ts";
import type { Chosen, Uploads } from "./uploads.ts";

export function ChosenFiles({ uploads }: { uploads: Uploads }) {
  const words = useTexts(texts);
  if (!uploads.chosen.length) return null;
  return (
    <ul className={styles.files} aria-label={words.attached}>
      {uploads.chosen.map((one) => (
        <li key={one.key} className={styles.chip} data-bad={one.error ? true : undefined}>
          <Mark file={one.file} waiting={one.file === null && !one.error} />
          <span className={styles.text}>
            <bdi className={styles.name}>{one.name}</bdi>
            <State one={one} />
          </span>
          <IconButton
            label={words.removeFile(one.name)}
            icon={<X />}
            onClick={() => uploads.remove(one)}
          />
        </li>
      ))}
    </ul>
  );
}

export function FilesOf({ files }: { files: readonly FileOfMessage[] }) {
  const words = useTexts(texts);
  const language = useLanguage();
  if (!files.length) return null;
  return (
    <ul className={styles.files} aria-label={words.attached}>
      {files.map((file) => (
        <li key={file.id}>
          <a className={styles.chip} href={at(`api/media/${file.id}`)} {...opening(file)}>
            <Mark file={file} waiting={false} />
            <span className={styles.text}>
              <bdi className={styles.name}>{file.name || file.content_type}</bdi>
              <span className={styles.state}>{bytes(file.size, language)}</span>
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}

/** A picture is shown in a tab of its own; all else is kept under its name. */
function opening(file: FileOfMessage) {
  return file.content_type.startsWith("image/")
    ? { target: "_blank", rel: "noopener" }
    : { download: file.name || true };
}

function Mark({ file, waiting }: { file: FileOfMessage | null; waiting: boolean }) {
  if (waiting) return <LoaderCircle className={styles.turning} aria-hidden="true" />;
  if (!file?.content_type.startsWith("image/")) return <FileText aria-hidden="true" />;
  return <img className={styles.picture} src={at(`api/media/${file.id}`)} alt="" loading="lazy" />;
}

function State({ one }: { one: Chosen }) {
  const words = useTexts(texts);
  const language = useLanguage();
  const complaint = useComplaint(one.error ?? "");
  if (one.error) {
    return (
      <span role="alert" className={styles.bad}>
        {complaint}
      </span>
    );
  }
  return (
    <span className={styles.state}>
      {one.file ? bytes(one.size, language) : <span role="status">{words.uploading("…")}</span>}
    </span>
  );
}
