/** How the page is built: into the Python package, for one origin, under a strict policy. */
import { readFileSync, writeFileSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const BUILT = "../src/sluice/page/built";
const SERVER = "http://127.0.0.1:8000"; // what `npm run dev` asks: a server of one's own
const WORTHWHILE = /\.(?:js|css|html|svg)$/;

/** Leaves `name.br` and `name.gz` beside each text, so that the server compresses nothing. */
function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    async closeBundle() {
      for (const entry of await readdir(BUILT, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() || !WORTHWHILE.test(entry.name)) continue;
        const path = join(entry.parentPath, entry.name);
        const text = readFileSync(path);
        const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
        writeFileSync(`${path}.br`, brotliCompressSync(text, { params: quality }));
        writeFileSync(`${path}.gz`, gzipSync(text, { level: constants.Z_BEST_COMPRESSION }));
      }
    },
  };
}

export default defineConfig({
  base: "./", // the server may live below a path of a proxy's
  plugins: [react(), compressed()],
  server: {
    port: 3000,
    proxy: { "/api": SERVER, "/health": SERVER, "/graphql": SERVER, "/v1": SERVER },
  },
  build: {
    outDir: BUILT,
    emptyOutDir: true,
    target: ["chrome123", "firefox128", "safari17.5"], // light-dark(), :has(), popover
    assetsInlineLimit: 0, // the policy allows no data: addresses
    modulePreload: { polyfill: false }, // it would be an inline script
    chunkSizeWarningLimit: 700,
    rolldownOptions: {
      input: { page: "index.html", sluice: "src/client/sluice.ts" },
      preserveEntrySignatures: "strict", // what `sluice.js` exports is its interface
      output: {
        entryFileNames: (chunk) =>
          chunk.name === "sluice" ? "sluice.js" : "assets/[name]-[hash].js",
        chunkFileNames: "assets/[name]-[hash].js",
        assetFileNames: "assets/[name]-[hash][extname]",
      },
    },
  },
});
