// A form that saves itself: <form data-autosave="address" data-autosave-key="report-…"> with a hidden `revision`.
//
// The address gets the whole form by POST and answers JSON `{saved_at: "10:32", revision: 4}`, or an error in the
// API's shape; 409 means that the draft was changed elsewhere. A copy lies in localStorage until the server has
// accepted it, so neither a lost session nor a dead network loses a word. Hidden and file fields are not copied.
import { clock, csrfToken, loginUrl, LostSession, send } from "./net.js";

const WAIT_MS = 1500;
const RETRY_MS = 20000;
const PREFIX = "draft:";

function storageKey(form) {
  return `${PREFIX}${document.body.dataset.user || "anonymous"}:${form.dataset.autosaveKey || form.dataset.autosave}`;
}

function read(key) {
  try {
    return JSON.parse(localStorage.getItem(key) || "null");
  } catch {
    return null;
  }
}

function write(key, value) {
  try {
    if (value) localStorage.setItem(key, JSON.stringify(value));
    else localStorage.removeItem(key);
  } catch {
    // A full or forbidden storage must not stop the saving itself.
  }
}

function isKept(field) {
  return field.name && !["hidden", "file", "submit", "button", "password"].includes(field.type);
}

function values(form) {
  const kept = {};
  for (const field of form.elements) {
    if (!isKept(field)) continue;
    if (field.type === "checkbox" || field.type === "radio") {
      if (field.checked) kept[field.name] = [...(kept[field.name] || []), field.value];
      else kept[field.name] = kept[field.name] || [];
    } else kept[field.name] = [field.value];
  }
  return kept;
}

function fill(form, kept) {
  for (const field of form.elements) {
    if (!isKept(field) || !(field.name in kept)) continue;
    if (field.type === "checkbox" || field.type === "radio") field.checked = kept[field.name].includes(field.value);
    else [field.value] = kept[field.name];
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

/** The words in their order. Rows go without their numbers, which change as the server leaves out the empty ones. */
function words(kept) {
  const said = ([name, texts]) => texts.filter((text) => text.trim()).map((text) => [name.replace(/\.\d+\./, "."), text.trim()]);
  return JSON.stringify(Object.entries(kept).flatMap(said));
}

class Autosave {
  constructor(form) {
    this.form = form;
    this.key = storageKey(form);
    this.state = document.querySelector(`[data-autosave-state="${form.id}"]`) || document.querySelector("[data-autosave-state]");
    this.timer = null;
    this.busy = false;
    this.dirty = false;
    this.stopped = false;
    this.offerCopy();
    // Not `change`: it comes as the finger goes down on a button, and new words there would move the button away.
    form.addEventListener("input", () => this.changed());
    form.addEventListener("submit", () => {
      this.stopped = true;
      clearTimeout(this.timer);
      this.keepCopy();
    });
    window.addEventListener("online", () => this.dirty && this.save());
    window.addEventListener("pageshow", () => {
      this.stopped = false;
    });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden" && this.dirty) this.save();
    });
  }

  get revision() {
    return this.form.elements.revision?.value ?? "";
  }

  say(text, tone = "") {
    if (!this.state) return;
    this.state.className = `autosave ${tone}`;
    this.state.replaceChildren(document.createTextNode(text));
  }

  keepCopy() {
    write(this.key, { at: Date.now(), revision: this.revision, values: values(this.form) });
  }

  changed() {
    if (this.filling) return;
    this.dirty = true;
    this.keepCopy();
    if (this.conflict) return;
    this.say("正在输入…");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), WAIT_MS);
  }

  async save() {
    if (this.stopped || this.conflict) return;
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    this.dirty = false;
    this.say("正在保存…");
    const sent = JSON.stringify(values(this.form));
    const body = new FormData(this.form);
    for (const [name, value] of [...body.entries()]) if (value instanceof File) body.delete(name);
    body.set("csrfmiddlewaretoken", csrfToken());
    try {
      const { status, data } = await send(this.form.dataset.autosave, { body });
      this.answer(status, data, sent);
    } catch (error) {
      this.failed(error);
    } finally {
      this.busy = false;
      if (this.again) {
        this.again = false;
        this.save();
      }
    }
  }

  answer(status, data, sent) {
    if (status >= 200 && status < 300) {
      if (data.revision !== undefined && this.form.elements.revision) this.form.elements.revision.value = data.revision;
      const unchanged = sent === JSON.stringify(values(this.form));
      if (unchanged) write(this.key, null);
      else this.keepCopy();
      this.say(`已保存 ${data.saved_at || clock()}`, "autosave-good");
      this.form.dispatchEvent(new CustomEvent("autosave:saved", { bubbles: true, detail: data }));
    } else if (status === 409) {
      this.conflict = true;
      this.say("未保存：已在别处修改", "autosave-bad");
      this.ask(data.message || "这份草稿已在别处修改。您写的内容还在本页和本机，没有丢失。", [
        ["打开最新版本", () => location.reload()],
      ]);
    } else {
      this.dirty = true;
      const details = Object.values(data.fields || {}).flat().join("；");
      this.say(`未保存：${details || data.message || "请检查填写内容"}`, "autosave-bad");
    }
  }

  failed(error) {
    this.dirty = true;
    if (error instanceof LostSession) {
      this.say("未保存：登录已失效", "autosave-bad");
      if (this.asked) return;
      this.asked = true;
      this.ask("登录已失效。内容已存在本机，重新登录后会自动恢复。", [["重新登录", () => location.assign(loginUrl())]]);
      return;
    }
    this.say("网络不通，内容已存在本机", "autosave-bad");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), RETRY_MS);
  }

  /** A copy that the server never accepted: put it back if the draft is still the one it was written on. */
  offerCopy() {
    const copy = read(this.key);
    if (!copy) return;
    const shown = values(this.form);
    if (words(shown) === words(copy.values)) {
      write(this.key, null);
      return;
    }
    const when = clock(new Date(copy.at));
    if (String(copy.revision) === String(this.revision)) {
      this.refill(copy.values);
      this.ask(`已恢复 ${when} 尚未保存的内容。`, [["撤销恢复", () => this.refill(shown)]], true);
      this.changed();
      return;
    }
    this.ask(`本机还有 ${when} 写下、没有保存成功的内容，但这份草稿后来在别处改过。`, [
      ["用本机内容", () => {
        this.refill(copy.values);
        this.changed();
      }],
      ["放弃本机内容", () => write(this.key, null)],
    ]);
  }

  refill(kept) {
    this.filling = true;
    this.form.dispatchEvent(new CustomEvent("autosave:refill", { detail: kept }));
    fill(this.form, kept);
    this.filling = false;
    if (this.timer) this.changed();
  }

  ask(text, choices, good = false) {
    const notice = document.createElement("div");
    notice.className = `notice ${good ? "notice-good" : ""}`;
    notice.setAttribute("role", "alert");
    const words = document.createElement("p");
    words.textContent = text;
    notice.append(words);
    for (const [label, act] of choices) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn btn-small btn-outline";
      button.textContent = label;
      button.addEventListener("click", () => {
        notice.remove();
        act();
      });
      notice.append(button);
    }
    this.form.prepend(notice);
  }
}

export function start(root) {
  for (const form of root.querySelectorAll("form[data-autosave]")) new Autosave(form);
  // A page that the server shows after accepting a form names the copy that is no longer needed.
  for (const done of root.querySelectorAll("[data-autosave-clear]")) {
    write(`${PREFIX}${document.body.dataset.user || "anonymous"}:${done.dataset.autosaveClear}`, null);
  }
  // Logging out of a shared computer leaves nothing behind.
  for (const form of root.querySelectorAll("form[data-forget-drafts]")) {
    form.addEventListener("submit", () => {
      for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) localStorage.removeItem(key);
    });
  }
}
