/** A conversation. */
export function Chat({ id }: { id: string | null }) {
  return <p>{id}</p>;
}
