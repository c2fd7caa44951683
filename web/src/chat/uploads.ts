/** Files that are to go with the next message: each is uploaded as soon as it is chosen. */
import { useEffect, useRef, useState } from "react";
import { discard, upload } from "../api/conversations.ts";
import type { FileOfMessage } from "../api/types.ts";

export interface Chosen {
  key: number;
  name: string;
  size: number;
  type: string;
  /** What it is at the server; null while it is on its way. */
  file: FileOfMessage | null;
  error: unknown;
}

let count = 0; // a key for each file that was ever chosen here

export function useUploads(most: number, onTooMany: () => void) {
  const [chosen, setChosen] = useState<Chosen[]>([]);
  const ways = useRef(new Map<number, AbortController>());

  useEffect(() => {
    const all = ways.current;
    return () => {
      for (const way of all.values()) way.abort();
    };
  }, []);

  const change = (key: number, some: Partial<Chosen>) =>
    setChosen((now) => now.map((one) => (one.key === key ? { ...one, ...some } : one)));

  async function bring(one: Chosen, given: File) {
    const way = new AbortController();
    ways.current.set(one.key, way);
    try {
      const { id, url, content_type, size } = await upload(given, way.signal);
      change(one.key, { file: { id, url, content_type, size, name: one.name } });
    } catch (error) {
      change(one.key, { error });
    } finally {
      ways.current.delete(one.key);
    }
  }

  function add(files: Iterable<File>) {
    const given = [...files];
    const fit = given.slice(0, Math.max(0, most - chosen.length));
    if (fit.length < given.length) onTooMany();
    const added = fit.map((file) => chosenOf(file));
    setChosen((now) => [...now, ...added]);
    added.forEach((one, at) => {
      const file = fit[at];
      if (file) void bring(one, file);
    });
  }

  function remove(one: Chosen) {
    ways.current.get(one.key)?.abort();
    setChosen((now) => now.filter((other) => other.key !== one.key));
    if (one.file) void discard(one.file.id).catch(() => {}); // it can be found in the settings
  }

  return {
    chosen,
    add,
    remove,
    /** All of them are at the server. */
    ready: chosen.every((one) => one.file !== null),
    failed: chosen.some((one) => one.error !== null),
    files: chosen.map((one) => one.file).filter((file) => file !== null),
    /** They have gone with a message, or come back from one. */
    replace: (files: FileOfMessage[]) => setChosen(files.map(known)),
  };
}

export type Uploads = ReturnType<typeof useUploads>;

function chosenOf(file: File): Chosen {
  count += 1;
  const name = file.name || file.type.replace("/", ".");
  return { key: count, name, size: file.size, type: file.type, file: null, error: null };
}

function known(file: FileOfMessage): Chosen {
  count += 1;
  const { name, size, content_type } = file;
  return { key: count, name, size, type: content_type, file, error: null };
}
