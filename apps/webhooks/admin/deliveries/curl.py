"""A delivery as a shell command that sends it again. Our token is a variable in it: it stands in no clipboard."""

from __future__ import annotations

from collections.abc import Mapping

from apps.core.redaction import REPLACEMENT
from apps.webhooks.admin.deliveries.bodies import Mask, as_text

VARIABLE = "RECEIVER_TOKEN"
LONGEST = 100_000  # characters of a body that a command line takes
_TYPE = "Content-Type"


def as_curl(*, pk: int, address: str, headers: Mapping[str, str], body: bytes, mask: Mask) -> str:
    """Return the command; ``address`` is our own, without the path. A long or binary body is named as a file."""
    text = as_text(body)
    if text is None or len(text) > LONGEST:
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
    """Return ``text``, in which tokens are masked, as one word of a shell that puts the variable in their places."""
    quoted = text.replace("'", "'\"'\"'").replace(REPLACEMENT, f"'\"${VARIABLE}\"'")
    return f"'{quoted}'"
