/** Search over all that was said, at Ctrl-K. */
export function Search(_: { open: boolean; onClose: () => void }) {
  return null;
}
