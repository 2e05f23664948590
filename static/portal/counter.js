// 字数 as Chinese people count: a 汉字 or mark is one, a word or number is one. The same rule as `chinese_length`.
const CJK = "\\u3000-\\u303f\\u3400-\\u9fff\\uf900-\\ufaff\\uff00-\\uffef\\u2014\\u2018-\\u201d\\u2026";
const COUNTED = new RegExp(`[${CJK}]|[^\\s${CJK}]+`, "g");

export function chineseLength(text) {
  return (text.match(COUNTED) || []).length;
}

function show(area) {
  const output = document.querySelector(`output.counter[for="${area.id}"]`);
  if (!output) return;
  const limit = Number(area.dataset.counter);
  // The limit itself is in characters, spaces included, as the database counts them.
  const over = [...area.value].length - limit;
  output.classList.toggle("counter-over", over > 0);
  output.textContent = over > 0 ? `超出 ${over} 个字符` : `${chineseLength(area.value)} 字 · 上限 ${limit}`;
}

export function start(root) {
  for (const area of root.querySelectorAll("[data-counter]")) {
    area.addEventListener("input", () => show(area));
    show(area);
  }
}
