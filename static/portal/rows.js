// Rows of a form that can be added and emptied: <div data-rows> with <template> (its names hold __n__), a
// [data-rows-body] and a [data-rows-add] button. Without a script the server offers empty rows.
// [data-sum] shows the sum of the inputs marked [data-summed], and whether it is what [data-sum-of] asks for.

function nextNumber(body) {
  const numbers = [...body.querySelectorAll("[name]")].map((field) => Number(/\.(\d+)\./.exec(field.name)?.[1] ?? -1));
  return Math.max(-1, ...numbers) + 1;
}

function add(box, body, number = nextNumber(body)) {
  const row = box.querySelector("template").content.cloneNode(true);
  for (const element of row.querySelectorAll("*")) {
    for (const name of ["name", "id", "for", "aria-label", "aria-describedby"]) {
      const value = element.getAttribute(name);
      if (value?.includes("__n__")) element.setAttribute(name, value.replace("__n__", name === "aria-label" ? number + 1 : number));
    }
  }
  const first = row.querySelector("input, textarea, select");
  body.append(row);
  return first;
}

/** Rows for values that autosave puts back: those that are missing are added, those that it does not know emptied. */
function fit(box, body, kept) {
  const sample = box.querySelector("template").content.querySelector("[name*=__n__]");
  if (!sample) return;
  for (const field of body.querySelectorAll("[name]")) if (field.type !== "hidden" && !(field.name in kept)) field.value = "";
  const [before, after] = sample.name.split("__n__");
  for (const name of Object.keys(kept)) {
    if (!name.startsWith(before) || !name.endsWith(after) || body.querySelector(`[name="${name}"]`)) continue;
    const number = name.slice(before.length, name.length - after.length);
    if (/^\d+$/.test(number)) add(box, body, Number(number));
  }
}

function sum(box) {
  const output = box.querySelector("[data-sum]");
  if (!output) return;
  let hundredths = 0;
  for (const field of box.querySelectorAll("[data-summed]")) {
    const value = Number(field.value.normalize("NFKC").replace("%", "").trim() || 0);
    hundredths += Math.round((Number.isFinite(value) ? value : 0) * 100);
  }
  const wanted = Number(output.dataset.sumOf || 100) * 100;
  const difference = (wanted - hundredths) / 100;
  const words = difference === 0 ? "，正好" : difference > 0 ? `，还差 ${difference}` : `，多出 ${-difference}`;
  output.textContent = `合计 ${hundredths / 100}${words}`;
}

export function start(root) {
  for (const box of root.querySelectorAll("[data-rows]")) {
    const body = box.querySelector("[data-rows-body]");
    const button = box.querySelector("[data-rows-add]");
    if (button) {
      button.hidden = false;
      button.addEventListener("click", () => add(box, body)?.focus());
    }
    box.addEventListener("click", (event) => {
      const remove = event.target.closest("[data-row-remove]");
      if (!remove) return;
      remove.closest("[data-row]").remove();
      box.dispatchEvent(new Event("input", { bubbles: true }));
      button?.focus();
    });
    box.closest("form")?.addEventListener("autosave:refill", (event) => fit(box, body, event.detail));
    box.addEventListener("input", () => sum(box));
    for (const remove of box.querySelectorAll("[data-row-remove]")) remove.hidden = false;
    sum(box);
  }
}
