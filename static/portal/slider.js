// A slider and its number say the same; the form's preview shows what the report would do to the project.
function clamp(value) {
  const number = Math.round(Number(value));
  return Number.isFinite(number) ? Math.min(100, Math.max(0, number)) : 0;
}

/** Σ weight · percent, each rounded half up, in 0.01 percentage point: the rule of projects.earned_value. */
function earned(form) {
  let sum = 0;
  for (const input of form.querySelectorAll("input[data-weight]")) {
    sum += Math.floor((2 * Number(input.dataset.weight) * clamp(input.value) + 100) / 200);
  }
  return sum;
}

function preview(form) {
  const value = earned(form);
  for (const output of document.querySelectorAll("[data-earned-output]")) {
    output.textContent = `${(value / 100).toFixed(2)}%`;
  }
  for (const dot of document.querySelectorAll("[data-curve-preview]")) {
    const { top, bottom } = dot.closest("[data-curve]").dataset;
    dot.setAttribute("cy", String(Number(bottom) - ((bottom - top) * Math.min(value, 10000)) / 10000));
  }
}

function watchFall(number) {
  const floor = number.dataset.floor;
  if (floor === undefined) return;
  const place = document.querySelector(`[data-fall-for="${number.id}"]`);
  if (place && !place.querySelector("[aria-invalid=true]")) place.hidden = clamp(number.value) >= Number(floor);
}

export function start(root) {
  for (const pair of root.querySelectorAll("[data-slider]")) {
    const [range, number] = pair.querySelectorAll("input");
    const changed = () => {
      watchFall(number);
      if (number.form) preview(number.form);
    };
    if (number.readOnly) range.disabled = true;
    range.value = clamp(number.value);
    range.addEventListener("input", () => {
      number.value = range.value;
      number.dispatchEvent(new Event("input", { bubbles: true }));
    });
    number.addEventListener("input", () => {
      range.value = clamp(number.value);
      changed();
    });
    changed();
  }
}
