/** The words around what a model wrote. */
import type { Texts } from "../texts/texts.ts";

const en = {
  copy: "Copy the code",
  copied: "Copied",
  code: (language: string) => (language ? `Code, ${language}` : "Code"),
  plainCode: "Code",
  table: "Table",
  formula: "Formula",
  moreRows: (count: number) => `Show ${count} more rows`,
  moreColumns: (count: number) => `Show ${count} more columns`,
  image: "Image",
  opens: (host: string) => `opens ${host} in a new tab`,
  done: "Done",
  todo: "To do",
  heard: {
    code: (language: string) => (language ? `Code block, ${language}.` : "Code block."),
    image: (alt: string) => (alt ? `image: ${alt}` : "image"),
    formula: "Formula.",
  },
};

const vi: typeof en = {
  copy: "Sao chép mã",
  copied: "Đã sao chép",
  code: (language) => (language ? `Mã ${language}` : "Mã"),
  plainCode: "Mã",
  table: "Bảng",
  formula: "Công thức",
  moreRows: (count) => `Hiện thêm ${count} hàng`,
  moreColumns: (count) => `Hiện thêm ${count} cột`,
  image: "Hình ảnh",
  opens: (host) => `mở ${host} trong thẻ mới`,
  done: "Đã xong",
  todo: "Chưa xong",
  heard: {
    code: (language) => (language ? `Khối mã ${language}.` : "Khối mã."),
    image: (alt) => (alt ? `hình ảnh: ${alt}` : "hình ảnh"),
    formula: "Công thức.",
  },
};

export const texts: Texts<typeof en> = { en, vi };
