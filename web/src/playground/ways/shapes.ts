/** What fields are made into where a request is not simply all of them by their names. */

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type Given = { [name: string]: Json };

/** Interactions take files as a list. */
export function files({ media_id, ...rest }: Given): Given {
  return media_id ? { ...rest, media_files: [{ id: media_id }] } : rest;
}

/** OpenAI's API takes messages, and is told whether to stream. */
export const chat =
  (stream: boolean) =>
  ({ message = "", system, model, ...rest }: Given): Given => ({
    ...(model && { model }),
    messages: [
      ...(system ? [{ role: "system", content: system }] : []),
      { role: "user", content: message },
    ],
    ...rest,
    ...(stream && { stream, stream_options: { include_usage: true } }),
  });

/** A run is followed behind an event. */
export function since({ run_id = "", after }: Given): Given {
  return after ? { run_id, last_event_id: `${run_id}:${after}` } : { run_id };
}
