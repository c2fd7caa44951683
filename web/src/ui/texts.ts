/** The words of what is used everywhere. */
import type { Texts } from "../texts/texts.ts";

const en = {
  close: "Close",
  cancel: "Cancel",
  undo: "Undo",
  loading: "Loading…",
  again: "Try again",
  more: "Show more",
  unreachable: "The server cannot be reached.",
  copy: "Copy",
  copied: "Copied",
  done: "Done",
};

const vi: typeof en = {
  close: "Đóng",
  cancel: "Hủy",
  undo: "Hoàn tác",
  loading: "Đang tải…",
  again: "Thử lại",
  more: "Xem thêm",
  unreachable: "Không kết nối được với máy chủ.",
  copy: "Sao chép",
  copied: "Đã sao chép",
  done: "Xong",
};

export const texts: Texts<typeof en> = { en, vi };
