/**
 * How the page is built: into the Python package, for one origin, under a strict policy.
 * And, by `--mode client`, `/sluice.js`: one file that others may import, or copy.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { type BuildOptions, defineConfig, type Plugin, type UserConfig } from "vite";

const BUILT = process.env.PAGE_OUT ?? "../src/sluice/page/built";
// What `npm run dev` asks: a server of one's own, which is to see the page's own address as its host.
const SERVER = { target: "http://127.0.0.1:8000", changeOrigin: false, ws: true };
const SERVED = ["/api", "/health", "/graphql", "/openapi.json", "/socket.io", "/v1"];
const WORTHWHILE = /\.(?:js|css|html|svg)$/;

/** Leaves `name.br` and `name.gz` beside each text, so that the server compresses nothing. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    async writeBundle() {
      for (const entry of await readdir(BUILT, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !WORTHWHILE.test(entry.name)) continue;
        const path = join(entry.parentPath, entry.name);
        if (existsSync(`${path}.br`)) continue;
        const text = readFileSync(path);
        const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
        writeFileSync(`${path}.br`, brotliCompressSync(text, { params: quality }));
        writeFileSync(`${path}.gz`, gzipSync(text, { level: constants.Z_BEST_COMPRESSION }));
      }
    },
  };
}

/** Of KaTeX's fonts only the newest format is shipped: every browser that we target reads it. */
function woff2Only(): Plugin {
  return {
    name: "woff2-only",
    enforce: "pre",
    transform(css, id) {
      if (!id.includes("/katex.min.css")) return null;
      return css.replace(/,url\([^)]+\.(?:woff|ttf)\) format\("(?:woff|truetype)"\)/g, "");
    },
  };
}

const BUILD: BuildOptions = {
  outDir: BUILT,
  target: ["chrome123", "firefox128", "safari17.5"], // light-dark(), :has(), popover
};

const PAGE: UserConfig = {
  base: "./", // the server may live below a path of a proxy's
  plugins: [react(), woff2Only(), compressed()],
  server: {
    port: 3000,
    proxy: Object.fromEntries(SERVED.map((path) => [path, SERVER])),
  },
  build: {
    ...BUILD,
    emptyOutDir: true,
    assetsInlineLimit: 0, // the policy allows no data: addresses
    modulePreload: { polyfill: false }, // it would be an inline script
    chunkSizeWarningLimit: 700,
  },
};

const CLIENT: UserConfig = {
  publicDir: false,
  plugins: [compressed()],
  build: {
    ...BUILD,
    emptyOutDir: false,
    rolldownOptions: {
      input: "src/client/sluice.ts",
      preserveEntrySignatures: "strict", // what it exports is its interface
      output: { entryFileNames: "sluice.js" },
    },
  },
};

export default defineConfig(({ mode }) => (mode === "client" ? CLIENT : PAGE));
