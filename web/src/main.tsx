/** Puts the page together, and draws it. */
import { CSPProvider } from "@base-ui/react/csp-provider";
import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Router } from "wouter";
import { Refused } from "#client";
import { App } from "./App.tsx";
import { expired } from "./api/session.ts";
import { PREFIX } from "./base.ts";
import "./styles/base.css";

const RELOADS = 60_000; // ms between two reloads for that
const TRIES = 2; // of what may pass by itself

const queries = new QueryClient({
  queryCache: new QueryCache({ onError: (error) => expired(queries, error) }),
  defaultOptions: {
    queries: {
      retry: (failures, error) =>
        failures < TRIES && !(error instanceof Refused && error.status < 500),
    },
  },
});

// A part of the page that is loaded late may be gone: the server has another version by now.
addEventListener("vite:preloadError", () => {
  const last = Number(sessionStorage.getItem("sluice.reloaded") ?? 0);
  if (Date.now() - last < RELOADS) return;
  sessionStorage.setItem("sluice.reloaded", String(Date.now()));
  location.reload();
});

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <CSPProvider disableStyleElements>
        <QueryClientProvider client={queries}>
          <Router base={PREFIX}>
            <App />
          </Router>
        </QueryClientProvider>
      </CSPProvider>
    </StrictMode>,
  );
}
