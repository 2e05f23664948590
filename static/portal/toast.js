// Short messages at the foot of the page; good news leaves by itself, the rest stays until it is closed.
const STAY_MS = 7000;

function dress(toast) {
  const close = document.createElement("button");
  close.type = "button";
  close.setAttribute("aria-label", "关闭提示");
  close.textContent = "×";
  close.addEventListener("click", () => toast.remove());
  toast.append(close);
  if (toast.classList.contains("toast-error") || toast.classList.contains("toast-warning")) return;
  let timer = setTimeout(() => toast.remove(), STAY_MS);
  toast.addEventListener("mouseenter", () => clearTimeout(timer));
  toast.addEventListener("mouseleave", () => {
    timer = setTimeout(() => toast.remove(), STAY_MS / 2);
  });
}

export function show(text, level = "info") {
  const toast = document.createElement("div");
  toast.className = `toast toast-${level}`;
  const words = document.createElement("span");
  words.textContent = text;
  toast.append(words);
  document.getElementById("toasts")?.append(toast);
  dress(toast);
}

export function start(root) {
  for (const toast of root.querySelectorAll("[data-toast]")) dress(toast);
}
