/** Where the server is: the page may live below a path of a proxy's. */

// Built, this module lies in `assets/`; in development in `src/`: one level down in both.
export const BASE = new URL(/* @vite-ignore */ "..", import.meta.url);

/** An address of the server's: `at("api/v1/models")`. */
export const at = (path: string): string => new URL(path, BASE).href;

/** The path below which the page's own addresses lie, without a slash at its end. */
export const PREFIX = BASE.pathname.replace(/\/$/, "");
