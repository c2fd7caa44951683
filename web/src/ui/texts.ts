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
};

const vi: typeof en = {
  close: "Đóng",
  cancel: "Hủy",
  undo: "Hoàn tác",
  loading: "Đang tải…",
  again: "Thử lại",
  more: "Xem thêm",
  unreachable: "Không kết nối được với máy chủ.",
};

export const texts: Texts<typeof en> = { en, vi };
