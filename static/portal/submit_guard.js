// A second click does not send twice; a page that stood open over a new login sends the fresh CSRF token.
import { csrfToken } from "./net.js";

const RELEASE_MS = 15000;

function guard(event) {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  const field = form.querySelector("[name=csrfmiddlewaretoken]");
  if (field && csrfToken()) field.value = csrfToken();
  form.dataset.sent = "1";
  event.submitter?.setAttribute("aria-busy", "true");
  // An answer that is a file leaves the page where it is.
  setTimeout(release, RELEASE_MS);
}

function release() {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("[aria-busy=true]")) button.removeAttribute("aria-busy");
}

export function start(root) {
  if (root !== document) return;
  document.addEventListener("submit", guard);
  // The back button shows the page as it was left.
  window.addEventListener("pageshow", release);
}
