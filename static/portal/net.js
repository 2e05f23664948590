// Requests to our own server: the CSRF token of the cookie (fresh after a new login), and lost sessions.

export function csrfToken() {
  const cookie = document.cookie.split("; ").find((part) => part.startsWith("csrftoken="));
  return cookie ? decodeURIComponent(cookie.slice("csrftoken=".length)) : document.querySelector("[name=csrfmiddlewaretoken]")?.value || "";
}

/** What an address carries behind the #, however it was copied. */
export function fragment() {
  try {
    return decodeURIComponent(location.hash.slice(1));
  } catch {
    return location.hash.slice(1);
  }
}

export class LostSession extends Error {}

/** POST or DELETE; resolves to `{ status, data }`, throws LostSession, or TypeError when offline. */
export async function send(url, { method = "POST", body = null, signal } = {}) {
  const response = await fetch(url, {
    method,
    body,
    signal,
    redirect: "manual",
    credentials: "same-origin",
    headers: { "X-CSRFToken": csrfToken(), "X-Requested-With": "fetch", Accept: "application/json" },
  });
  if (response.type === "opaqueredirect" || response.status === 401) throw new LostSession();
  const isJson = (response.headers.get("content-type") || "").includes("json");
  // Our refusals are JSON; a 403 page is the check for a forged request: the cookies of the session are gone.
  if (response.status === 403 && !isJson) throw new LostSession();
  return { status: response.status, data: isJson ? await response.json() : {} };
}

export function loginUrl() {
  return `/login/?next=${encodeURIComponent(location.pathname + location.search)}`;
}

/** `HH:MM` of now on the reader's clock. */
export function clock(moment = new Date()) {
  return `${String(moment.getHours()).padStart(2, "0")}:${String(moment.getMinutes()).padStart(2, "0")}`;
}
