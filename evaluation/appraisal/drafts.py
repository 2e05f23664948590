"""A ballot that is being filled in (草稿): it travels encrypted in a cookie of the voting pages, never stored here.

So reload, back button and a second tab lose nothing, and no address or table ever holds a choice. The key is the
voter's own: what one voter left on a shared phone does not open for the next one.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.utils.crypto import salted_hmac

from evaluation.appraisal.layout import Layout
from evaluation.appraisal.models import Voter

SALT = "appraisal.draft"
VERSION = 1
NONCE = 12


@dataclass(frozen=True, slots=True)
class Draft:
    """Pages that were sent at least once, candidates' codes, keys of sections that are abstained from (弃权)."""

    seen: frozenset[int] = frozenset()
    chosen: frozenset[str] = frozenset()
    abstained: frozenset[str] = frozenset()

    def after(
        self, *, page: int | None, shown: Collection[str], chosen: Collection[str], abstained: dict[str, bool]
    ) -> Draft:
        """The draft with one page's answers: of the candidates `shown` there only `chosen` stay chosen."""
        kept = {key for key in self.abstained if key not in abstained}
        return replace(
            self,
            seen=self.seen if page is None else self.seen | {page},
            chosen=self.chosen.difference(shown).union(chosen),
            abstained=frozenset(kept | {key for key, is_on in abstained.items() if is_on}),
        )


def seal(draft: Draft, *, voter: Voter, layout: Layout) -> str:
    """One length for all drafts of a campaign: a byte a page, a section and a candidate."""
    pages = _pages(layout)
    body = bytes((VERSION,)) + bytes(number in draft.seen for number in range(1, pages + 1))
    body += bytes(section.key in draft.abstained for section in layout.sections)
    body += bytes(code in draft.chosen for code in layout.codes)
    nonce = secrets.token_bytes(NONCE)
    return base64.urlsafe_b64encode(nonce + AESGCM(_key(voter)).encrypt(nonce, body, None)).decode()


def read(text: str, *, voter: Voter, layout: Layout) -> Draft:
    """The draft as this voter left it; an empty one for anything else."""
    pages, sections = _pages(layout), layout.sections
    try:
        raw = base64.urlsafe_b64decode(text.encode())
        body = AESGCM(_key(voter)).decrypt(raw[:NONCE], raw[NONCE:], None)
    except (InvalidTag, binascii.Error, ValueError):
        return Draft()
    if len(body) != 1 + pages + len(sections) + len(layout.codes) or body[0] != VERSION:
        return Draft()
    seen, abstained, chosen = body[1 : 1 + pages], body[1 + pages :], body[1 + pages + len(sections) :]
    return Draft(
        seen=frozenset(number for number, is_on in enumerate(seen, start=1) if is_on),
        chosen=frozenset(code for code, is_on in zip(layout.codes, chosen, strict=True) if is_on),
        abstained=frozenset(s.key for s, is_on in zip(sections, abstained, strict=False) if is_on),
    )


def _pages(layout: Layout) -> int:
    return len({section.contest for section in layout.sections})


def _key(voter: Voter) -> bytes:
    bound = f"{voter.public_id}\n{voter.campaign.manifest_sha256}"
    return salted_hmac(SALT, bound, algorithm="sha256").digest()
