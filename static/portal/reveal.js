// A secret that is typed hidden and may be looked at: <input type="password" data-reveal> gets a switch beside it.
function addSwitch(input) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-quiet btn-small reveal";
  button.setAttribute("aria-controls", input.id);
  const show = (visible) => {
    input.type = visible ? "text" : "password";
    button.textContent = visible ? "隐藏" : "显示";
    button.setAttribute("aria-pressed", String(visible));
  };
  button.addEventListener("click", () => show(input.type === "password"));
  show(false);
  const row = document.createElement("div");
  row.className = "reveal-row";
  input.replaceWith(row);
  row.append(input, button);
  // A browser keeps no typed text of a password field, but would of a visible one.
  input.form?.addEventListener("submit", () => show(false));
}

export function start(root) {
  for (const input of root.querySelectorAll("input[data-reveal]")) addSwitch(input);
}
