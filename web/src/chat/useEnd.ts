/** Stays at the end of what scrolls, until the reader scrolls up; and again once back there. */
import { observeElementOffset, type Virtualizer } from "@tanstack/react-virtual";
import { type RefObject, useLayoutEffect, useMemo, useRef } from "react";

export const NEAR = 48; // px from the end that count as the end

export interface End {
  /** Goes to the end, and stays there. */
  follow(): void;
  /** Stays where the reader is led to. */
  leave(): void;
  /** Stays at the end, where it was there. */
  keep(): void;
  /** Looks at where it has been scrolled to. */
  look(): void;
  /** Tells a list of it. Following a reply is no scrolling, at whose end there would be work. */
  observe(
    list: Virtualizer<HTMLDivElement, Element>,
    tell: (offset: number, scrolling: boolean) => void,
  ): (() => void) | undefined;
}

/** `onAway` hears whether the reader is elsewhere; `content` is what grows in the scroller. */
export function useEnd(
  scroller: RefObject<HTMLDivElement | null>,
  content: RefObject<HTMLDivElement | null>,
  onAway: (away: boolean) => void,
): End {
  const state = useRef({ following: true, top: 0 });
  const end = useMemo<End>(() => {
    const keep = () => {
      const box = scroller.current;
      if (box && state.current.following) box.scrollTop = box.scrollHeight;
    };
    return {
      keep,
      follow() {
        state.current.following = true;
        keep();
      },
      leave() {
        state.current.following = false;
      },
      look() {
        const box = scroller.current;
        if (!box) return;
        const away = box.scrollHeight - box.scrollTop - box.clientHeight > NEAR;
        if (!away) state.current.following = true;
        else if (box.scrollTop < state.current.top) state.current.following = false;
        state.current.top = box.scrollTop;
        onAway(away && !state.current.following);
      },
      observe: (list, tell) =>
        observeElementOffset(list, (offset, scrolling) =>
          tell(offset, scrolling && !state.current.following),
        ),
    };
  }, [scroller, onAway]);
  useLayoutEffect(() => {
    const growth = new ResizeObserver(end.keep);
    if (content.current) growth.observe(content.current);
    return () => growth.disconnect();
  }, [content, end]);
  return end;
}
