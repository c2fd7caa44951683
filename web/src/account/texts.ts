/** The words of signing in and registering. */
import type { Texts } from "../texts/texts.ts";

const en = {
  signIn: "Sign in",
  register: "Create an account",
  lead: "Chat with language models. What is said is kept for you.",
  name: "Name",
  nameOrEmail: "Name or e-mail",
  email: "E-mail",
  password: "Password",
  passwordHint: "8 characters or more",
  invitation: "Invitation",
  newHere: "New here?",
  known: "You have an account?",
  closed: "This server takes no registrations. Ask whoever runs it for an account.",
  wrong: "Name and password do not fit together.",
  developers: "For developers:",
  playground: "Playground",
  api: "API",
};

const vi: typeof en = {
  signIn: "Đăng nhập",
  register: "Tạo tài khoản",
  lead: "Trò chuyện với các mô hình ngôn ngữ. Mọi điều đã nói được lưu lại cho bạn.",
  name: "Tên",
  nameOrEmail: "Tên hoặc e-mail",
  email: "E-mail",
  password: "Mật khẩu",
  passwordHint: "Ít nhất 8 ký tự",
  invitation: "Lời mời",
  newHere: "Bạn mới đến?",
  known: "Đã có tài khoản?",
  closed: "Máy chủ này không nhận đăng ký. Hãy hỏi người quản trị để có tài khoản.",
  wrong: "Tên và mật khẩu không khớp.",
  developers: "Dành cho lập trình viên:",
  playground: "Sân thử nghiệm",
  api: "API",
};

export const texts: Texts<typeof en> = { en, vi };
