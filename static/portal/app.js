// Everything that a page does in the browser; each module works on what carries its data attribute, also in parts
// that htmx brings later. Reading and posting forms work without any of it.
import htmx from "htmx.org";
import * as autosave from "./autosave.js";
import * as confirm from "./confirm.js";
import * as counter from "./counter.js";
import * as listKeys from "./list_keys.js";
import * as menu from "./menu.js";
import * as photos from "./photos.js";
import * as print from "./print.js";
import * as refill from "./refill.js";
import * as reveal from "./reveal.js";
import * as rows from "./rows.js";
import * as slider from "./slider.js";
import * as submitGuard from "./submit_guard.js";
import * as tabs from "./tabs.js";
import * as textSize from "./text_size.js";
import * as toast from "./toast.js";
import * as unsaved from "./unsaved.js";
import * as vote from "./vote.js";
import * as voteCheck from "./vote_check.js";
import { csrfToken, loginUrl } from "./net.js";

const modules = [textSize, menu, tabs, toast, confirm, counter, slider, photos, print, refill, reveal, rows, submitGuard, autosave, unsaved, listKeys, vote, voteCheck];

function start(root) {
  for (const module of modules) module.start(root);
}

document.addEventListener("htmx:configRequest", (event) => {
  const token = csrfToken();
  if (token && event.detail.verb !== "get") event.detail.headers["X-CSRFToken"] = token;
});
document.addEventListener("htmx:load", (event) => {
  if (event.target !== document.body) start(event.target);
});
// A page that fetches itself again after its session ended would get the login form in its own place.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (new URL(event.detail.xhr.responseURL || location.href).pathname !== "/login/") return;
  event.detail.shouldSwap = false;
  location.assign(loginUrl());
});
document.addEventListener("htmx:responseError", () => toast.show("没有成功，请稍后再试。", "error"));
document.addEventListener("htmx:sendError", () => toast.show("网络不通，请检查后再试。", "error"));
window.addEventListener("unhandledrejection", (event) => console.error(event.reason));

start(document);
htmx.config.includeIndicatorStyles = false;
document.querySelector("[data-focus]")?.focus();
