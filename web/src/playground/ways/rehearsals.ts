/** What the demo model can be asked to rehearse, by its name. */

export const REHEARSALS = [
  { id: "steady", model: "demo/n=200,delay=5ms" },
  { id: "slow", model: "demo/first=800ms" },
  { id: "stall", model: "demo/stall=3s@20" },
  { id: "fail", model: "demo/fail=provider_unavailable@50" },
  { id: "cut", model: "demo/cut@30" },
  { id: "unicode", model: "demo/text=unicode" },
] as const;

export type Rehearsal = (typeof REHEARSALS)[number]["id"];
