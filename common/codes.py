"""Random public codes: not to be guessed, easy to read aloud."""

import secrets

# Crockford's base 32 in lower case: no i, l, o, u.
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def random_code() -> str:
    """Eight characters, 40 bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(8))
