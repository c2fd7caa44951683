/** `Array.fromAsync`, which this TypeScript's library does not know yet. */
export async function every<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
