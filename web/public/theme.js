// Before the page is drawn: the scheme that the reader has chosen here, if any.
try {
  const scheme = localStorage.getItem("sluice.scheme");
  if (scheme === "light" || scheme === "dark") document.documentElement.dataset.scheme = scheme;
} catch {
  // A browser that keeps nothing shows what the system prefers.
}

// The icon's address is relative to the page's, which changes without a new page: it is made whole.
const icon = document.querySelector("link[rel=icon]");
if (icon) icon.href = icon.href;
