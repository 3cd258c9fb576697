"""Post a test event to our own receiver, the way round that Pneumatic's deliveries take."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from apps.pneumatic.transport import connection
from apps.pneumatic.transport.api import USER_AGENT

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT, READ_TIMEOUT = 5.0, 15.0  # seconds
LARGEST_ANSWER = 64 * 1024


@dataclass(frozen=True, slots=True)
class Posted:
    """What came of it: the HTTP ``status`` (None: no answer), how long it took, and a sentence unless it was 2xx."""

    status: int | None
    seconds: float
    error: str = ""


@sensitive_variables("url", "request")
def post_event(url: str, payload: Mapping[str, Any]) -> Posted:
    """POST ``payload`` as JSON, once, without the API key, following no redirect. Raise nothing for a failure.

    ``url`` holds our receiver's token: it stands in no message and no log.
    """
    began = time.monotonic()
    request = _prepared(url, payload)
    if request is None:
        return Posted(None, 0.0, _("This is no address that can be called. Check PUBLIC_URL."))
    with connection.new_session(pool_size=1) as session:
        reply = connection.roundtrip(
            session,
            request,
            bound=connection.Exchange(seconds=CONNECT_TIMEOUT + READ_TIMEOUT),
            timeout=(CONNECT_TIMEOUT, READ_TIMEOUT),
            surroundings=connection.environment(url),
            largest=LARGEST_ANSWER,
        )
    seconds = time.monotonic() - began
    if isinstance(reply, connection.NoReply):
        logger.info("POST of a test event: %s", reply.why.value)
        return Posted(None, seconds, _silence(reply))
    logger.info("POST of a test event: HTTP %d", reply.status)
    return Posted(reply.status, seconds, _complaint(reply.status))


@sensitive_variables("url")
def _prepared(url: str, payload: Mapping[str, Any]) -> requests.PreparedRequest | None:
    headers = {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "User-Agent": USER_AGENT,
        "Connection": "close",
    }
    body = json.dumps(payload, allow_nan=False).encode("ascii")
    try:
        return requests.Request("POST", url, headers=headers, data=body).prepare()
    except ValueError:  # those of requests included; their texts hold the URL
        return None


def _silence(reply: connection.NoReply) -> str:
    if reply.sent:
        return {
            connection.Why.TIMED_OUT: _(
                "There was no answer in time. Is the dashboard running, and not overloaded?"
            ),
            connection.Why.TOO_LARGE: _("A long answer came: something else answers at this address."),
        }.get(reply.why, _("The connection broke before an answer came."))
    return {
        connection.Why.NAME: _("The address was not found from here. Check PUBLIC_URL and the DNS."),
        connection.Why.TLS: _(
            "There is no secure connection: the certificate of the address is not accepted."
        ),
        connection.Why.PROXY: _("The address cannot be reached through the proxy of this machine."),
        connection.Why.TIMED_OUT: _(
            "The address cannot be reached from here: the connection was not answered in time."
        ),
    }.get(reply.why, _("The address cannot be reached from here: nothing listens there."))


def _complaint(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return _("The address answers with a redirect, which Pneumatic need not follow. Check PUBLIC_URL.")
    return {
        401: _("Something in front of the dashboard asks for a login. It must let the receiver through."),
        403: _("Something in front of the dashboard forbids this. It must let the receiver through."),
        404: _("Nothing is found at this address. Does another site answer there?"),
        413: _("The test event was found too large: a limit in front of the dashboard is too small."),
        502: _("The proxy does not reach the dashboard. Is it running?"),
        503: _("The dashboard could not store the test event. Is its database there?"),
    }.get(status, _("The answer was HTTP %(status)d instead of a success.") % {"status": status})
