// A question before a step: <details> without a script, a <dialog> with one. What was typed stays when it closes.
function upgrade(details) {
  const body = details.querySelector(".confirm-body");
  const summary = details.querySelector("summary");
  const dialog = document.createElement("dialog");
  dialog.className = "dialog";
  dialog.setAttribute("aria-label", body.dataset.title || summary.textContent.trim());
  if (typeof dialog.showModal !== "function") return;
  dialog.append(body);
  details.append(dialog);
  details.classList.add("confirm-live");
  details.open = false;
  for (const cancel of body.querySelectorAll("[data-confirm-cancel]")) {
    cancel.hidden = false;
    cancel.addEventListener("click", () => dialog.close());
  }
  // A closed <details> shows nothing of its content, so it stays open while the dialog is.
  summary.setAttribute("aria-haspopup", "dialog");
  summary.addEventListener("click", (event) => {
    event.preventDefault();
    details.open = true;
    dialog.showModal();
    (body.querySelector("textarea, input:not([type=hidden]), select") || body.querySelector("[data-confirm-cancel]"))?.focus();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("close", () => {
    details.open = false;
    summary.focus();
  });
  if (body.querySelector("[aria-invalid=true]")) summary.click();
}

export function start(root) {
  for (const details of root.querySelectorAll("details[data-confirm]")) upgrade(details);
}
