// A row of tabs that is wider than a phone begins with the current one in sight: <nav data-tabs>.
export function start(root) {
  for (const row of root.querySelectorAll("[data-tabs]")) {
    const current = row.querySelector("[aria-current]");
    if (current) row.scrollLeft = current.offsetLeft - row.offsetLeft - (row.clientWidth - current.offsetWidth) / 2;
  }
}
