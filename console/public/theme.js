// Runs before the page is painted; console/ui/theme.ts writes what this reads.
try {
  const theme = localStorage.getItem('clientele.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden; then the system's choice counts.
}
