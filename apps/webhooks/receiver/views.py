"""``POST /hooks/<token>/``: validate a delivery, store it, and only then respond with 2xx.

Nothing else happens in the request: no call to Pneumatic, no projection, no session. The worker finds an
acknowledged delivery in the table of deliveries.
"""

from __future__ import annotations

import datetime as dt
from functools import partial

from django.conf import settings
from django.db.utils import Error as DatabaseProblem
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.http.request import HttpHeaders
from django.utils.log import log_response

from apps.core.database import clock
from apps.core.database.limits import at_most
from apps.core.identifiers import client_address
from apps.webhooks import endpoints
from apps.webhooks.models import Delivery, Endpoint, RoundTrip
from apps.webhooks.receiver import store
from apps.webhooks.receiver.body import Refused, read_body
from apps.webhooks.verdicts import Judgement, judge

# The headers that are stored; others may contain secrets of the sender.
KEPT_HEADERS = (
    "Accept",
    "Content-Encoding",
    "Content-Length",
    "Content-Type",
    "Date",
    "Host",
    "Traceparent",
    "User-Agent",
    "X-Request-Id",
)
_META_KEYS = {name: HttpHeaders.to_wsgi_name(name) for name in KEPT_HEADERS}
MAX_HEADER_CHARACTERS = 500
RETRY_AFTER_SECONDS = 10

Verdict = Delivery.Verdict
State = Delivery.State
_STATES = {
    Verdict.ACCEPTED: State.PENDING,
    Verdict.UNKNOWN_EVENT: State.PENDING,
    Verdict.MISMATCH: State.DEAD_LETTER,
    Verdict.MALFORMED: State.IGNORED,
    Verdict.TEST: State.PENDING,  # the worker only confirms it: part of the round trip
}


# The endpoints in use when they were last read. A row is stored only if they are still the same (``store.store``), so
# a retired token is refused from the next request on.
_last_in_use: endpoints.Rows = ()


def receive(request: HttpRequest, token: str) -> HttpResponse | None:
    """Respond to a delivery; return None when ``token`` is not one of ours: there is no such page."""
    try:
        return _respond(request, token)
    except DatabaseProblem as error:
        return _unavailable(request, error)


def _respond(request: HttpRequest, token: str) -> HttpResponse | None:
    in_use = _last_in_use
    endpoint = endpoints.find(token, in_use)
    if endpoint is None:
        in_use, endpoint = _look_up(token)
    if endpoint is None:
        return None
    try:
        body = _read(request)
    except Refused as refused:
        return _refusal(refused) if _look_up(token)[1] else None
    while endpoint is not None:
        try:
            with store.expecting_row():
                with at_most(settings.WEBHOOK_WRITE_TIMEOUT):
                    judgement = judge(body, endpoint, token)
                _store(request, endpoint, in_use, body, judgement)
        except store.OutdatedError:
            in_use, endpoint = _look_up(token)
        else:
            return _verdict(judgement)
    return None


def _look_up(token: str) -> tuple[endpoints.Rows, Endpoint | None]:
    """Read the endpoints in use; return them, and the one of ``token``."""
    global _last_in_use
    with at_most(settings.WEBHOOK_WRITE_TIMEOUT):
        _last_in_use = in_use = endpoints.in_use()
    return in_use, endpoints.find(token, in_use)


def _read(request: HttpRequest) -> bytes:
    if request.method != "POST":
        raise Refused(405, "Send a delivery with POST.")
    return read_body(request, limit=settings.WEBHOOK_BODY_LIMIT, seconds=settings.WEBHOOK_READ_TIMEOUT)


def _refusal(refused: Refused) -> HttpResponse:
    if refused.status == 405:
        return HttpResponseNotAllowed(["POST"])
    return _answer(refused.status, error=refused.reason)


def _verdict(judgement: Judgement) -> HttpResponse:
    if judgement.verdict is Verdict.MALFORMED:
        return _answer(400, verdict=judgement.verdict.value, reason=judgement.reason)
    return _answer(200, verdict=judgement.verdict.value)


def _store(
    request: HttpRequest, endpoint: Endpoint, in_use: endpoints.Rows, body: bytes, judgement: Judgement
) -> None:
    now = clock.now()
    state = _STATES[judgement.verdict]
    hook = judgement.hook
    delivery = Delivery(
        received_at=now,
        endpoint_id=endpoint.pk,
        address=client_address(request),
        headers=kept_headers(request),
        body=endpoints.masked(body, in_use),
        size=len(body),
        verdict=judgement.verdict,
        reason=judgement.reason,
        hook_id=hook.id if hook else None,
        event_name=hook.event[:100] if hook else "",
        state=state,
        due_at=now,
        processed_at=now if state == State.IGNORED else None,
    )
    also = None
    if judgement.round_trip is not None:
        also = partial(_arrived, judgement.round_trip, delivery)
    elif judgement.verdict is Verdict.ACCEPTED and endpoint.first_event_at is None:
        also = partial(_record_first_event, endpoint, now)
    store.store(delivery, in_use, also)


def _arrived(round_trip: RoundTrip, delivery: Delivery) -> None:
    RoundTrip.objects.filter(pk=round_trip.pk, delivery=None).update(delivery=delivery)


def _record_first_event(endpoint: Endpoint, now: dt.datetime) -> None:
    Endpoint.objects.filter(pk=endpoint.pk, first_event_at=None).update(first_event_at=now)


def kept_headers(request: HttpRequest) -> dict[str, str]:
    """Return the headers that are kept, each cut to MAX_HEADER_CHARACTERS."""
    return {
        name: value[:MAX_HEADER_CHARACTERS]
        for name, key in _META_KEYS.items()
        if (value := request.META.get(key))
    }


def _unavailable(request: HttpRequest, error: DatabaseProblem) -> HttpResponse:
    response = _answer(503, error="The database is not available. Send it again.")
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    # The only record of this request: its logger makes one line of trouble, and keeps the traceback of a defect.
    log_response("A delivery was not stored", response=response, request=request, exception=error)
    return response


def _answer(status: int, **values: str) -> HttpResponse:
    response = JsonResponse(values, status=status)
    response["Content-Length"] = str(len(response.content))  # else the web server would send it in chunks
    return response
