// Before the page is drawn: the scheme that the reader has chosen here, if any.
try {
  const scheme = localStorage.getItem("sluice.scheme");
  if (scheme === "light" || scheme === "dark") document.documentElement.dataset.scheme = scheme;
} catch {
  // A browser that keeps nothing shows what the system prefers.
}
