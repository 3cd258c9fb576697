"""Judge the body of a delivery by what it says and by the endpoint that received it.

The receiver judges each delivery once. The worker judges again what was malformed, because a newer version of the
dashboard may be able to read it.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from apps.pneumatic.canonical.events import Hook
from apps.pneumatic.deliveries import read_envelope
from apps.pneumatic.errors import UnexpectedResponse
from apps.webhooks.models import Delivery, Endpoint, RoundTrip

Verdict = Delivery.Verdict


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict on a body. ``round_trip`` is the row of a test event that this dashboard sent, else None."""

    verdict: Delivery.Verdict
    reason: str = ""
    hook: Hook | None = None
    round_trip: RoundTrip | None = None


def judge(body: bytes, endpoint: Endpoint, token: str) -> Judgement:
    """Return the verdict on ``body``, which arrived at ``endpoint``, whose token is ``token``.

    Reads the database for test events only.
    """
    try:
        envelope = read_envelope(body)
    except UnexpectedResponse as problem:
        return Judgement(Verdict.MALFORMED, reason=str(problem))
    hook = envelope.hook
    if hook.test:
        round_trip = RoundTrip.objects.filter(nonce=hook.test, endpoint=endpoint).first()
        if round_trip is not None:
            return Judgement(Verdict.TEST, hook=hook, round_trip=round_trip)
    if not hmac.compare_digest(_token_of(hook.target).encode(), token.encode()):
        reason = _("The target in the payload is not the URL that received it.")
        return Judgement(Verdict.MISMATCH, reason=reason, hook=hook)
    return Judgement(Verdict.ACCEPTED if envelope.is_known else Verdict.UNKNOWN_EVENT, hook=hook)


def _token_of(target: str) -> str:
    """Return the last part of the path of ``target``."""
    try:
        path = urlsplit(target).path
    except ValueError:
        return ""
    return path.rstrip("/").rpartition("/")[2]
