// A form of several pages that look like one: leaving it with something typed asks first. Nothing saves by itself here.
const typed = new Set();

function ask(event) {
  for (const form of typed) if (!form.isConnected) typed.delete(form);
  if (typed.size) event.preventDefault();
}

export function start(root) {
  for (const form of root.querySelectorAll("form[data-unsaved]")) {
    form.addEventListener("input", () => typed.add(form));
    form.addEventListener("submit", () => typed.delete(form));
    // What was refused is shown as it was typed, and is not saved either.
    if (form.querySelector("[aria-invalid=true]")) typed.add(form);
  }
  if (root === document) window.addEventListener("beforeunload", ask);
}
