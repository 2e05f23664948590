// A tracking number is looked up in the whole list, here in the browser: the server never learns which one.
const LENGTH = 16;
const READ_ALIKE = { O: "0", I: "1", L: "1" };

/** The number as it stands in the list, however it was typed. */
export function plain(typed) {
  const text = typed.normalize("NFKC").toUpperCase().replace(/[\s\-‐-―_.·]+/g, "");
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
    say(answer, "wrong", "追踪号有误", `应为 ${LENGTH} 位，您输入了 ${code.length} 位，请对照投票成功页核对。`);
    return;
  }
  try {
    const response = await fetch(form.dataset.voteCheck, { cache: "no-store", credentials: "omit" });
    if (!response.ok) throw new Error(String(response.status));
    const lot = lotOf(await response.text(), code);
    if (lot) say(answer, "good", `在票箱中（第 ${lot} 批）`, "您的选票已收到，会计入结果。");
    else say(answer, "none", "清单里还没有", "刚投的票要等下一批公布才会出现。截止并混票以后仍没有的，请联系监票人。");
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
    const code = decodeURIComponent(location.hash.slice(1));
    if (code && code !== "main") {
      history.replaceState(null, "", location.pathname);
      field.value = code;
      look(form, field, answer);
    }
  }
}
