"""Sealing and opening a ballot (密封): X25519, HKDF-SHA-256 and AES-256-GCM of the `cryptography` package.

Each ballot has an ephemeral key of its own, so key and nonce are used once. Manifest and category are bound in:
a ballot of another campaign or category does not open.
"""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from evaluation.appraisal import crockford

KEY, TAG, NONCE = 32, 16, 12
CODE_LENGTH = 16
PURPOSE = b"red-matrix ballot 1"


class Unopenable(ValueError):
    """These bytes are no ballot of this box and category."""


def new_key_pair() -> tuple[bytes, bytes]:
    """A private and a public key for a box, 32 bytes each."""
    private = X25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def seal(payload: bytes, *, public_key: bytes, manifest_sha256: str, category: str) -> bytes:
    """Ephemeral public key, ciphertext and tag: the payload's length and 48 bytes."""
    ephemeral = X25519PrivateKey.generate()
    shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(public_key))
    bound = _bound(manifest_sha256, category)
    sender = ephemeral.public_key().public_bytes_raw()
    key, nonce = _derive(shared, sender, bound)
    return sender + AESGCM(key).encrypt(nonce, payload, bound)


def public_of(private_key: bytes) -> bytes:
    return X25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()


class BallotBox:
    """What opens the ballots of one campaign while the count runs; the key is never stored."""

    def __init__(self, private_key: bytes, manifest_sha256: str) -> None:
        self._private = X25519PrivateKey.from_private_bytes(private_key)
        self._manifest = manifest_sha256

    @property
    def public_key(self) -> bytes:
        return self._private.public_key().public_bytes_raw()

    def open(self, sealed: bytes, category: str) -> bytes:
        """The payload. Raises Unopenable."""
        try:
            shared = self._private.exchange(X25519PublicKey.from_public_bytes(sealed[:KEY]))
            bound = _bound(self._manifest, category)
            key, nonce = _derive(shared, sealed[:KEY], bound)
            return AESGCM(key).decrypt(nonce, sealed[KEY:], bound)
        except (InvalidTag, ValueError) as error:
            raise Unopenable from error


def tracking_code(*, manifest_sha256: str, category: str, sealed: bytes) -> str:
    """The tracking number (追踪号): 80 bits of a hash over manifest, category and sealed ballot."""
    digest = hashlib.sha256(_bound(manifest_sha256, category) + b"\n" + sealed).digest()
    return crockford.encode(int.from_bytes(digest[:10]), CODE_LENGTH)


def _bound(manifest_sha256: str, category: str) -> bytes:
    return f"{manifest_sha256}\n{category}".encode()


def _derive(shared: bytes, sender: bytes, bound: bytes) -> tuple[bytes, bytes]:
    # X25519 reads several texts as one public key: bound in as it is written, a ballot has one text and one code.
    made = HKDF(algorithm=hashes.SHA256(), length=32 + NONCE, salt=bound, info=PURPOSE + sender).derive(shared)
    return made[:32], made[32:]
