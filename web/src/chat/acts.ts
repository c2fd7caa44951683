/** What can be done about a message. The functions stay the same while the view is open. */
export interface Acts {
  edit: (message: string, content: string) => Promise<boolean>;
  regenerate: (message: string) => void;
  /** Shows another version. */
  show: (message: string) => void;
}
