/** How wide an element is, and in which direction it is read. */
import { useCallback, useState } from "react";

interface Box {
  /** px; 0 until it is known. */
  width: number;
  rtl: boolean;
}

export function useBox(): [(element: HTMLElement | null) => (() => void) | undefined, Box] {
  const [box, setBox] = useState<Box>({ width: 0, rtl: false });
  const ref = useCallback((element: HTMLElement | null) => {
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0);
      setBox({ width, rtl: getComputedStyle(element).direction === "rtl" });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, box];
}
