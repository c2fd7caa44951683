/** The way to the next page of a list. */
import type { UseInfiniteQueryResult } from "@tanstack/react-query";
import { useTexts } from "../texts/texts.ts";
import { Button } from "./Button.tsx";
import { texts } from "./texts.ts";
import { Failed } from "./Waiting.tsx";

type Paged = Pick<
  UseInfiniteQueryResult,
  "hasNextPage" | "isFetchingNextPage" | "isFetchNextPageError" | "error" | "fetchNextPage"
>;

export function More({ of }: { of: Paged }) {
  const words = useTexts(texts);
  if (of.isFetchNextPageError) {
    return <Failed error={of.error} onRetry={() => void of.fetchNextPage()} />;
  }
  if (!of.hasNextPage) return null;
  return (
    <div>
      <Button disabled={of.isFetchingNextPage} onClick={() => void of.fetchNextPage()}>
        {of.isFetchingNextPage ? words.loading : words.more}
      </Button>
    </div>
  );
}
