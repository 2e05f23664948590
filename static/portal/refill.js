// A text that is offered for a field: <button data-refill="id_done" data-from="last-done"> puts it at the field's end.
function refill(button) {
  const field = document.getElementById(button.dataset.refill);
  const text = document.getElementById(button.dataset.from).innerText.trim();
  if (!field || field.value.includes(text)) return;
  field.value = field.value.trim() ? `${field.value.trimEnd()}\n${text}` : text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
}

export function start(root) {
  for (const button of root.querySelectorAll("[data-refill]")) {
    button.hidden = false;
    button.addEventListener("click", () => refill(button));
  }
}
