// 字号: a class on <html>; the cookie lets the server set it before the first paint.
const KEY = "text_size";

function apply(size) {
  document.documentElement.classList.toggle("text-large", size === "large");
  for (const button of document.querySelectorAll("[data-text-size] button")) {
    button.setAttribute("aria-pressed", String(button.value === size));
  }
}

function remember(size) {
  document.cookie = `${KEY}=${size}; path=/; max-age=31536000; samesite=lax`;
  try {
    localStorage.setItem(KEY, size);
  } catch {
    // Private windows may refuse storage; the cookie is enough.
  }
}

function remembered() {
  if (document.documentElement.classList.contains("text-large")) return "large";
  try {
    return document.cookie.includes(`${KEY}=`) ? "normal" : localStorage.getItem(KEY) || "normal";
  } catch {
    return "normal";
  }
}

export function start(root) {
  const groups = root.querySelectorAll("[data-text-size]");
  if (!groups.length) return;
  for (const group of groups) {
    group.hidden = false;
    group.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      remember(button.value);
      apply(button.value);
    });
  }
  apply(remembered());
}
