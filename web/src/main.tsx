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
