// j and k go down and up a list of work, Enter opens; letters typed into a field stay letters.
function isTyping(target) {
  return target.closest?.("input, textarea, select, [contenteditable], dialog[open]");
}

function move(list, step) {
  const items = [...list.querySelectorAll("[data-key-item]")];
  if (!items.length) return;
  const now = items.findIndex((item) => item.getAttribute("aria-current") === "true");
  const next = items[Math.min(items.length - 1, Math.max(0, now + step))] || items[0];
  items[now]?.removeAttribute("aria-current");
  next.setAttribute("aria-current", "true");
  next.querySelector("a, button")?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

export function start(root) {
  if (root !== document) return;
  document.addEventListener("keydown", (event) => {
    const list = document.querySelector("[data-key-list]");
    if (!list || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (event.key === "j" || event.key === "k") {
      event.preventDefault();
      move(list, event.key === "j" ? 1 : -1);
    }
  });
}
