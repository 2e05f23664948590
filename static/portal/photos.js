// Photos go up one by one as soon as they are chosen: preview, progress, retry, delete.
//
// POST to data-url (multipart, field `file`) answers 201 `{id, …}` or an error in the API's shape; DELETE goes to
// data-delete-url with its zero UUID or `{id}` replaced. Without a script the file field is part of the page's form.
import { csrfToken, loginUrl, LostSession, send } from "./net.js";

const ANY_ID = /\{id\}|00000000-0000-0000-0000-000000000000|\b0\b(?=\/)/;
const REDRAW_MS = [3000, 8000, 20000, 60000];

class Uploader {
  constructor(element) {
    this.element = element;
    this.list = element.querySelector("[data-photos]");
    this.input = element.querySelector("input[type=file]");
    this.model = element.querySelector("[data-photo-template]");
    this.error = element.querySelector("[data-upload-error]");
    this.queue = [];
    this.input?.addEventListener("change", () => this.take([...this.input.files]));
    this.list.addEventListener("click", (event) => this.clicked(event));
    for (const picture of this.list.querySelectorAll("img[data-waiting]")) redraw(picture);
  }

  complain(text) {
    this.error.textContent = text;
    this.error.hidden = !text;
  }

  take(files) {
    this.complain("");
    this.input.value = "";
    const room = Number(this.element.dataset.maxFiles) - this.list.children.length;
    if (files.length > room) this.complain(`最多 ${this.element.dataset.maxFiles} 张，多出的 ${files.length - Math.max(room, 0)} 张没有上传。`);
    for (const file of files.slice(0, Math.max(room, 0))) this.add(file);
    this.next();
  }

  add(file) {
    const card = this.model.content.firstElementChild.cloneNode(true);
    card.querySelector("img").src = URL.createObjectURL(file);
    card.querySelector("img").alt = file.name;
    card.querySelector(".photo-name").textContent = file.name;
    this.list.append(card);
    const job = { file, card };
    card.upload = job;
    const limit = Number(this.element.dataset.maxBytes);
    if (file.size > limit) this.bad(job, `超过 ${Math.round(limit / 1048576)} MB`, false);
    else if (file.size === 0) this.bad(job, "文件是空的", false);
    else this.queue.push(job);
  }

  next() {
    if (this.sending) return;
    this.sending = this.queue.shift();
    if (this.sending) this.send(this.sending);
  }

  send(job) {
    const { card } = job;
    card.className = "photo photo-busy";
    card.querySelector("[data-retry]").hidden = true;
    card.querySelector("progress").hidden = false;
    this.word(job, "正在上传 0%");
    const request = new XMLHttpRequest();
    job.request = request;
    request.open("POST", this.element.dataset.url);
    request.responseType = "json";
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => {
      const share = event.lengthComputable ? Math.round((100 * event.loaded) / event.total) : 0;
      card.querySelector("progress").value = share;
      this.word(job, share < 100 ? `正在上传 ${share}%` : "正在检查…");
    });
    request.addEventListener("load", () => this.done(job, request));
    request.addEventListener("error", () => this.bad(job, "网络中断", true));
    request.addEventListener("loadend", () => {
      this.sending = null;
      this.next();
    });
    const body = new FormData();
    body.append("file", job.file);
    request.send(body);
  }

  done(job, request) {
    const data = request.response || {};
    if (request.status === 201 || (request.status === 200 && data.id)) {
      job.card.className = "photo";
      job.card.dataset.photo = data.id;
      job.card.querySelector("progress").hidden = true;
      this.word(job, "已上传");
      this.element.dispatchEvent(new CustomEvent("photos:changed", { bubbles: true }));
    } else if (request.status === 401 || new URL(request.responseURL || location.href).pathname.startsWith("/login")) {
      this.bad(job, "登录已失效，请重新登录后重试", true);
    } else {
      const details = Object.values(data.fields || {}).flat().join("；");
      this.bad(job, details || data.message || "没有上传成功", request.status >= 500 || request.status === 0);
    }
  }

  bad(job, text, canRetry) {
    job.card.className = "photo photo-bad";
    job.card.querySelector("progress").hidden = true;
    job.card.querySelector("[data-retry]").hidden = !canRetry;
    this.word(job, text);
    job.card.querySelector(".photo-state").classList.add("photo-failed");
    this.complain(`${job.file.name}：${text}`);
  }

  word(job, text) {
    const state = job.card.querySelector(".photo-state");
    state.classList.remove("photo-failed");
    state.textContent = text;
  }

  clicked(event) {
    const card = event.target.closest(".photo");
    if (event.target.closest("[data-retry]")) {
      this.complain("");
      this.queue.push(card.upload);
      this.next();
    } else if (event.target.closest("[data-remove]") && (card.upload || this.element.dataset.deleteUrl)) {
      event.preventDefault();
      this.remove(card);
    }
  }

  async remove(card) {
    const id = card.dataset.photo;
    if (!id) {
      this.queue = this.queue.filter((job) => job !== card.upload);
      if (this.sending === card.upload) card.upload.request.abort();
      card.remove();
      return;
    }
    if (!window.confirm("删除这张照片？删除后不能恢复。")) return;
    try {
      const { status, data } = await send(this.element.dataset.deleteUrl.replace(ANY_ID, id), { method: "DELETE" });
      if (status >= 200 && status < 300) card.remove();
      else this.complain(data.message || "没有删除成功，请稍后再试。");
      this.element.dispatchEvent(new CustomEvent("photos:changed", { bubbles: true }));
    } catch (error) {
      if (error instanceof LostSession) location.assign(loginUrl());
      else this.complain("网络不通，没有删除。");
    }
  }
}

/** The server answers with a placeholder until the sizes are made: ask again a few times. */
function redraw(picture) {
  const address = picture.src;
  REDRAW_MS.forEach((wait, turn) => {
    setTimeout(() => {
      picture.src = `${address}?${turn}`;
    }, wait);
  });
}

export function start(root) {
  for (const element of root.querySelectorAll("[data-uploader]")) new Uploader(element);
}
