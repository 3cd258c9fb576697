"""A delivery as a shell command that sends it again. The command has a variable in place of our token."""

from __future__ import annotations

from collections.abc import Mapping

from apps.core.redaction import REPLACEMENT
from apps.webhooks.admin.deliveries.bodies import Mask, as_text

VARIABLE = "RECEIVER_TOKEN"
MAX_CHARACTERS = 100_000  # of a body in a command line
_TYPE = "Content-Type"


def as_curl(*, pk: int, address: str, headers: Mapping[str, str], body: bytes, mask: Mask) -> str:
    """Return the command; ``address`` is our public URL. A long or binary body is read from a file."""
    text = as_text(body)
    if text is None or len(text) > MAX_CHARACTERS:
        data = f"--data-binary @delivery-{pk}.txt"
    else:
        data = f"--data-raw {quote(mask.text(text))}"
    kind = headers.get(_TYPE, "application/json")
    return " \\\n  ".join(
        [
            f'curl --request POST "{address}/hooks/${VARIABLE}/"',
            f"--header {quote(mask.text(f'{_TYPE}: {kind}'))}",
            data,
        ]
    )


def quote(text: str) -> str:
    """Quote ``text`` for a shell, with the variable in place of masked tokens."""
    quoted = text.replace("'", "'\"'\"'").replace(REPLACEMENT, f"'\"${VARIABLE}\"'")
    return f"'{quoted}'"
