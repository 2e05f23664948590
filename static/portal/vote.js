// The voting pages: a code from the slip's QR code, the live counter, a receipt that prints. All of it works without.
import { fragment, send } from "./net.js";

const SAVE_AFTER_MS = 500;

/** The code that a QR code carries behind the #: into the field, over what stood there, and out of the address. */
function takeCode(field) {
  const code = fragment();
  if (!code || document.getElementById(code)) return;
  history.replaceState(null, "", location.pathname + location.search);
  field.value = code;
}

function count(section) {
  const number = section.querySelectorAll(".vote-cards input:checked").length;
  const output = section.querySelector("[data-vote-number]");
  if (!output) return;
  const over = number - Number(section.dataset.seats);
  output.textContent = String(number);
  section.classList.toggle("vote-section-over", over > 0);
  section.querySelector("[data-vote-over]").hidden = over <= 0;
}

/** The server's word on what was sent before goes with the next change; going on asks the server again. */
function dropError(form, section) {
  section.querySelector("[data-vote-error]")?.remove();
  section.removeAttribute("aria-describedby");
  if (!form.querySelector("[data-vote-error]")) form.parentElement.querySelector("[data-vote-problems]")?.remove();
}

/** What was ticked goes into the voter's own cookie at once, so that the back button loses nothing. */
function keeper(form) {
  let timer = 0;
  let sending = new AbortController();
  const keep = () => {
    timer = 0;
    const body = new FormData(form);
    body.set("go", "keep");
    sending.abort();
    sending = new AbortController();
    // Offline: the next tick or the next page brings it.
    send(form.action, { body, signal: sending.signal }).catch(() => {});
  };
  form.addEventListener("change", () => {
    clearTimeout(timer);
    timer = setTimeout(keep, SAVE_AFTER_MS);
  });
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    timer = 0;
    sending.abort(); // On a slow line its older answer must not come after that of the page.
  });
  addEventListener("pagehide", () => {
    if (!timer) return;
    const body = new FormData(form);
    body.set("go", "keep");
    navigator.sendBeacon(form.action, body);
  });
}

function startBallot(form) {
  for (const section of form.querySelectorAll("[data-vote-section]")) {
    const abstain = section.querySelector("[data-vote-abstain]");
    section.addEventListener("change", (event) => {
      // A choice takes the abstention back; the other way round nothing is untold: the person decides.
      if (abstain && event.target !== abstain && event.target.checked) abstain.checked = false;
      dropError(form, section);
      count(section);
    });
    count(section);
  }
  // A page that the browser kept shows what was ticked, also after a reload.
  addEventListener("pageshow", () => form.querySelectorAll("[data-vote-section]").forEach(count));
  keeper(form);
}

export function start(root) {
  root.querySelectorAll("[data-vote-code]").forEach((field) => {
    takeCode(field);
    addEventListener("hashchange", () => takeCode(field));
  });
  root.querySelectorAll("[data-vote-ballot]").forEach(startBallot);
  root.querySelectorAll("[data-print]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => print());
  });
}
