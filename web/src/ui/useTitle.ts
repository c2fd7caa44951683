/** What the browser's tab and history call the view; the page's own name where it has none. */
import { useEffect } from "react";

const BRAND = "Sluice";

export function useTitle(title: string | null): void {
  useEffect(() => {
    document.title = title === null ? BRAND : `${title} · ${BRAND}`;
    return () => {
      document.title = BRAND;
    };
  }, [title]);
}
