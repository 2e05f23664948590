// A tracking number is looked up in the whole list, here in the browser: the server never learns which one.
import { fragment } from "./net.js";

const LENGTH = 16;
const READ_ALIKE = { O: "0", I: "1", L: "1" };

/** The number as it stands in the list, however it was typed. */
export function plain(typed) {
  const text = typed.normalize("NFKC").toUpperCase().replace(/[\s\-\u2010-\u2015\u2212_.\u00b7\u200b-\u200d]+/g, "");
  return text.replace(/[OIL]/g, (symbol) => READ_ALIKE[symbol]);
}

/** The lot in which a number stands; 0 if in none. */
export function lotOf(list, code) {
  let lot = 0;
  for (const line of list.split("\n")) {
    if (line.startsWith("#")) lot = Number(line.split(/\s+/)[1]);
    else if (line.trim() === code) return lot;
  }
  return 0;
}

function say(answer, tone, title, text) {
  const head = document.createElement("b");
  head.textContent = title;
  const body = document.createElement("span");
  body.textContent = text;
  answer.className = `vote-answer vote-answer-${tone}`;
  answer.replaceChildren(head, body);
  answer.hidden = false;
  answer.focus();
}

async function look(form, field, answer) {
  const code = plain(field.value);
  if (code.length !== LENGTH) {
    say(answer, "wrong", "追踪号有误", `应为 ${LENGTH} 位，您输入了 ${code.length} 位。请对照投票成功页核对；选票单上的投票码不是追踪号。`);
    return;
  }
  try {
    const response = await fetch(form.dataset.voteCheck, { cache: "no-store", credentials: "omit" });
    if (!response.ok) throw new Error(String(response.status));
    const lot = lotOf(await response.text(), code);
    if (lot) say(answer, "good", `在票箱中（第 ${lot} 批）`, "您的选票已收到，会计入结果。");
    else say(answer, "none", form.dataset.none, form.dataset.noneWhy);
  } catch {
    say(answer, "wrong", "没有取到清单", "网络不通，请稍后再试。");
  }
}

export function start(root) {
  for (const form of root.querySelectorAll("[data-vote-check]")) {
    const field = form.querySelector("input");
    const answer = document.querySelector("[data-vote-answer]");
    form.hidden = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      look(form, field, answer);
    });
    const code = fragment();
    if (code && code !== "main") {
      history.replaceState(null, "", location.pathname);
      field.value = code;
      look(form, field, answer);
    }
  }
}
