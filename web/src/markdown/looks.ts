/** What the highlighter's names for parts of code look like: many names, few looks. */

export type Look =
  | "comment"
  | "keyword"
  | "string"
  | "number"
  | "title"
  | "type"
  | "attribute"
  | "meta"
  | "added"
  | "deleted"
  | "strong"
  | "emphasis";

export interface Run {
  text: string;
  look: Look | null;
}

const NAMES: Record<Look, string> = {
  comment: "comment quote",
  keyword: "keyword selector-tag tag name doctag template-tag",
  string: "string regexp link char symbol bullet code",
  number: "number literal",
  title: "title section selector-id",
  type: "type built_in class selector-class selector-pseudo",
  attribute: "attr attribute property variable template-variable params_ selector-attr",
  meta: "meta formula",
  added: "addition",
  deleted: "deletion",
  strong: "strong",
  emphasis: "emphasis",
};

export const LOOKS: ReadonlyMap<string, Look> = new Map(
  Object.entries(NAMES).flatMap(([look, names]) =>
    names.split(" ").map((name) => [name, look as Look] as const),
  ),
);
