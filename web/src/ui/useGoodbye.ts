/** Back to the way in, after one's session has ended: nothing of what was shown stays in this tab. */
import { useQueryClient } from "@tanstack/react-query";
import { useLocation } from "wouter";

export function useGoodbye(): () => void {
  const queries = useQueryClient();
  const [, go] = useLocation();
  return () => {
    try {
      sessionStorage.clear();
    } catch {
      // Nothing was kept then.
    }
    queries.clear();
    go("/");
    location.reload();
  };
}
