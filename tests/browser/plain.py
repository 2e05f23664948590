"""A visitor whose browser knows cookies, forms and redirects and nothing else: pages must serve it without scripts."""

from __future__ import annotations

import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from html import unescape
from http.cookiejar import CookieJar

from tests.factories import PASSWORD

Fields = dict[str, str | Sequence[str]]
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)"')


class Visitor:
    """One visitor of a served portal; `text` is the page that was shown last."""

    def __init__(self, url: str, user: str = "") -> None:
        self.url, self.text = url, ""
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        if user:
            self.get("/login/")
            self.post("/login/", {"username": user, "password": PASSWORD})

    def get(self, path: str) -> str:
        return self._open(urllib.request.Request(self.url + path))

    def post(self, path: str, fields: Fields) -> str:
        """Send a form of the page that is shown: with its token against forged requests."""
        sent = {"csrfmiddlewaretoken": self.hidden("csrfmiddlewaretoken"), **fields}
        body = urllib.parse.urlencode(sent, doseq=True).encode()
        return self._open(urllib.request.Request(self.url + path, data=body))

    def hidden(self, name: str) -> str:
        return next((unescape(value) for found, value in _HIDDEN.findall(self.text) if found == name), "")

    def _open(self, request: urllib.request.Request) -> str:
        try:
            with self._opener.open(request, timeout=60) as answer:
                self.text = answer.read().decode()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{error.code} at {request.full_url}: {error.read().decode()[-2000:]}") from error
        return self.text
