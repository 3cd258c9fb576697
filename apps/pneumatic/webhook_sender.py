"""Post a test event to the dashboard's own webhook endpoint, through the network as Pneumatic does."""

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

CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS = 5.0, 15.0  # seconds
MAX_RESPONSE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class PostResult:
    """The HTTP ``status`` (None: no response), the duration in seconds, and a sentence unless the status is 2xx."""

    status: int | None
    seconds: float
    error: str = ""


@sensitive_variables("url", "request")
def post_event(url: str, payload: Mapping[str, Any]) -> PostResult:
    """POST ``payload`` as JSON, once, without the API key, following no redirect. Raise nothing for a failure.

    ``url`` contains the endpoint's token, so no message and no log line contains it.
    """
    began = time.monotonic()
    request = _prepared(url, payload)
    if request is None:
        return PostResult(None, 0.0, _("This is not a valid URL. Check PUBLIC_URL."))
    with connection.new_session(pool_size=1) as session:
        reply = connection.roundtrip(
            session,
            request,
            bound=connection.Exchange(seconds=CONNECT_TIMEOUT_SECONDS + READ_TIMEOUT_SECONDS),
            timeout=(CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS),
            environment=connection.environment_for(url),
            max_bytes=MAX_RESPONSE_BYTES,
        )
    seconds = time.monotonic() - began
    if isinstance(reply, connection.NoReply):
        logger.info("POST of a test event: %s", reply.reason.value)
        return PostResult(None, seconds, _silence(reply))
    logger.info("POST of a test event: HTTP %d", reply.status)
    return PostResult(reply.status, seconds, _problem(reply.status))


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
            connection.NoReplyReason.TIMED_OUT: _(
                "No response in time. Is the dashboard running, and not overloaded?"
            ),
            connection.NoReplyReason.TOO_LARGE: _(
                "The response is too long: another server listens at this address."
            ),
        }.get(reply.reason, _("The connection broke before the response."))
    return {
        connection.NoReplyReason.NAME: _("The host name was not found. Check PUBLIC_URL and the DNS."),
        connection.NoReplyReason.TLS: _(
            "No secure connection: the certificate of the address is not accepted."
        ),
        connection.NoReplyReason.PROXY: _("The address cannot be reached through the proxy of this machine."),
        connection.NoReplyReason.TIMED_OUT: _(
            "The address cannot be reached from here: the connection timed out."
        ),
    }.get(reply.reason, _("The address cannot be reached from here: nothing listens there."))


def _problem(status: int) -> str:
    if 200 <= status < 300:
        return ""
    if 300 <= status < 400:
        return _("The address redirects, and Pneumatic need not follow. Check PUBLIC_URL.")
    return {
        401: _("A proxy in front of the dashboard requires a login. It must allow the webhook endpoint."),
        403: _("A proxy in front of the dashboard forbids this. It must allow the webhook endpoint."),
        404: _("Not found at this address. Is it the address of another site?"),
        413: _("The test event is too large for a proxy in front of the dashboard. Raise its limit."),
        502: _("The proxy does not reach the dashboard. Is it running?"),
        503: _("The dashboard could not store the test event. Is its database available?"),
    }.get(status, _("The response is HTTP %(status)d instead of a success.") % {"status": status})
