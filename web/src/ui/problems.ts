/** To which field of a form an error belongs, and what is said there. Pure. */

export interface Problem {
  /** Null where it belongs to none. */
  field: string | null;
  text: string;
}

interface Told {
  message: string;
  field?: string | null;
}

/** Resources name the field at the text's beginning: `email: expected an address`. */
export function placed(error: Told, fields: readonly string[]): Problem {
  const { message } = error;
  const named = fields.find((field) => message.startsWith(`${field}: `));
  const text = named ? capital(message.slice(named.length + 2)) : message;
  const field = named ?? error.field ?? null;
  return { field: field !== null && fields.includes(field) ? field : null, text };
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
