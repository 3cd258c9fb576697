"""Requests to one Pneumatic API: the only place that sends anything there, and the only one that holds the key.

The key must not show where an error is shown: a page of Django's in DEBUG prints the local variables of every frame,
so no variable here holds a header, and no exception of ``requests`` (it carries the request) gets out of ``wire``.
"""

from __future__ import annotations

import copy
import datetime as dt
import itertools
import json
import logging
import random
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import requests
from django.views.decorators.debug import sensitive_variables

from apps.pneumatic.errors import PneumaticError
from apps.pneumatic.transport import connection, errors, retry
from apps.pneumatic.transport.cancellation import Pause, Scope
from apps.pneumatic.transport.parsing import decode_json
from apps.pneumatic.transport.retry import Failure
from apps.pneumatic.transport.statuses import StatusKind, kind_of
from pneumatic_dash import __version__

logger = logging.getLogger(__name__)

# More than any page of a list needs; a server that sends without end is cut off here.
MAX_BODY = 64 * 1024 * 1024
# The whole answer may take this many read timeouts; see ``wire``.
WHOLE_ANSWER = 4
USER_AGENT = f"pneumatic-dash/{__version__}"
# A shorter path holds no token, and blotting it out would garble sentences.
_SHORTEST_SECRET = 8
_LARGEST_RECEIPT = 1024 * 1024
_FAILURES = {connection.Why.TIMED_OUT: Failure.TIMED_OUT}


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What came of one attempt: a value, or the error to raise and the kind of failure if trying again may help."""

    value: Any = None
    error: PneumaticError | None = None
    failure: Failure | None = None
    retry_after: float | None = None


def longest_call(connect_timeout: float, read_timeout: float) -> float:
    """Return how many seconds a request with these time-outs (in seconds) may take, its whole answer included."""
    return connect_timeout + WHOLE_ANSWER * read_timeout


class Transport:
    """A session with one API. GETs share connections; everything else has a fresh one of its own.

    A kept-alive connection may have been closed by the server just when a launch goes out on it. Nothing was started
    then, but nobody could know: the price of a new connection is the smaller one.
    """

    def __init__(
        self, *, base_url: str, key: str, connect_timeout: float, read_timeout: float, pool_size: int
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.requests_made = 0
        self.timeout = (connect_timeout, read_timeout)
        self.longest_call = longest_call(connect_timeout, read_timeout)
        self._secret = key
        self._session = connection.new_session(pool_size=pool_size)
        self._surroundings = connection.environment(self.base_url)
        self._template = requests.Request(
            "GET",
            self.base_url,
            headers={
                "Authorization": f"Bearer {key}",
                "Accept": "application/json",
                "Accept-Encoding": "gzip, deflate",
                "User-Agent": USER_AGENT,
            },
        ).prepare()
        # As prepared: a host with other than ASCII letters is encoded there.
        self._root = str(self._template.url).rstrip("/")
        self._pause = Pause()
        self._counting = threading.Lock()

    def __repr__(self) -> str:
        return f"<Transport {self.base_url}>"

    def limited_to(self, read_timeout: float) -> Transport:
        """Return the same session with a read time-out of at most ``read_timeout`` seconds; do not close it."""
        limited = copy.copy(self)
        connect_timeout, longest = self.timeout
        limited.timeout = (connect_timeout, min(read_timeout, longest))
        limited.longest_call = longest_call(*limited.timeout)
        return limited

    def close(self) -> None:
        """Close the connections that are kept."""
        self._session.close()

    def get(
        self,
        path: str,
        params: Mapping[str, str | int] | None = None,
        *,
        scope: Scope | None = None,
        repeat: bool = True,
    ) -> Any:
        """Return the JSON at ``path``; made again where that is sensible (``retry``), unless ``repeat`` is False.

        Raise PneumaticError, or Cancelled when ``scope`` is stopped.
        """
        url = self._root + path + (f"?{urlencode(params)}" if params else "")
        scope = scope or Scope()
        for attempt in itertools.count(1):
            self._pause.wait(scope)
            outcome = self._try(self._prepared("GET", url), self._session, scope=scope)
            if outcome.error is None:
                return outcome.value
            pause = outcome.failure and retry.pause_before_retry(
                outcome.failure,
                method="GET",
                attempt=attempt,
                retry_after=outcome.retry_after,
                jitter=random.random(),  # noqa: S311 - no secret depends on it
            )
            if not repeat or outcome.failure is None or pause is None:
                raise outcome.error
            scope.check()  # cut short on purpose: that is no trouble worth a line
            logger.info("GET %s: %s; again in %.1f s", path, outcome.failure.value, pause)
            if outcome.failure is Failure.LIMITED:
                self._pause.hold(pause)
            else:
                scope.sleep(pause)
        raise AssertionError("unreachable")

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, once: bool = False) -> Any:
        """Return the JSON answer to one POST on a connection of its own; never repeated. Raise PneumaticError.

        ``once`` is for what must not happen twice: a failure that leaves it open whether the server carried it out
        is OutcomeUnknown then. Without it such a failure is Unavailable: asking again does no harm.
        """
        request = self._prepared("POST", self._root + path)
        if body is not None:
            _load(request, json.dumps(body, allow_nan=False).encode("ascii"), "application/json")
        return self._alone(request, once=once)

    @sensitive_variables("body", "secrets")
    def send_json(self, path: str, body: Mapping[str, Any], *, secrets: Sequence[str] = ()) -> Any:
        """Return the JSON answer to one POST, None for an empty answer; otherwise like ``send_form``."""
        request = self._prepared("POST", self._root + path)
        _load(request, json.dumps(body, allow_nan=False).encode("ascii"), "application/json")
        return self._alone(request, may_be_empty=True, secrets=secrets)

    @sensitive_variables("fields", "secrets")
    def send_form(
        self, method: str, path: str, fields: Mapping[str, str] | None = None, *, secrets: Sequence[str] = ()
    ) -> Any:
        """Return the JSON answer to one request with a form as its body, None for an empty answer; never repeated.

        It has a connection of its own. Raise PneumaticError; when the answer was lost that is Unavailable, and the
        request may have been carried out. No error repeats any of ``secrets``.
        """
        request = self._prepared(method, self._root + path)
        if fields is not None:
            _load(request, urlencode(fields).encode("ascii"), "application/x-www-form-urlencoded")
        return self._alone(request, may_be_empty=True, secrets=secrets)

    def send_file(
        self, url: str, body: connection.Body, *, size: int, content_type: str, seconds: float
    ) -> connection.Reply | connection.NoReply:
        """POST ``size`` bytes with the key to ``url``, a service of Pneumatic's own at another address; sent once.

        ``url`` comes from the settings, never from an answer: the key goes there. ``seconds`` bound the whole exchange.
        """
        request = self._prepared("POST", str(requests.Request("POST", url).prepare().url))
        request.headers.update(
            {"Connection": "close", "Content-Type": content_type, "Content-Length": str(size)}
        )
        request.body = body  # type: ignore[assignment]  # urllib3 takes whatever has read()
        self.count_request()
        patience = self.timeout[1]
        with connection.new_session(pool_size=1) as session:
            return connection.roundtrip(
                session,
                request,
                bound=connection.Exchange(seconds=seconds),
                # The first of the two also bounds the sending of each piece.
                timeout=(patience, patience),
                surroundings=connection.environment(url),
                largest=_LARGEST_RECEIPT,
            )

    @sensitive_variables("secrets")
    def _alone(
        self,
        request: requests.PreparedRequest,
        *,
        once: bool = False,
        may_be_empty: bool = False,
        secrets: Sequence[str] = (),
    ) -> Any:
        """Make ``request`` on a connection of its own and return the JSON of its answer."""
        request.headers["Connection"] = "close"
        with connection.new_session(pool_size=1) as session:
            outcome = self._try(
                request, session, scope=Scope(), once=once, may_be_empty=may_be_empty, secrets=secrets
            )
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    def count_request(self) -> None:
        """Count a request; threads fetch at the same time."""
        with self._counting:
            self.requests_made += 1

    def _prepared(self, method: str, url: str) -> requests.PreparedRequest:
        request = self._template.copy()
        request.method = method
        request.url = url
        return request

    @sensitive_variables("secrets")
    def _try(
        self,
        request: requests.PreparedRequest,
        session: requests.Session,
        *,
        scope: Scope,
        once: bool = False,
        may_be_empty: bool = False,
        secrets: Sequence[str] = (),
    ) -> _Attempt:
        """Make one attempt. Every failure is a value: nothing of ``requests`` stays behind as an error's context."""
        bound = connection.Exchange(seconds=self.longest_call)
        scope.enter(bound)
        self.count_request()
        try:
            reply = connection.roundtrip(
                session,
                request,
                bound=bound,
                timeout=self.timeout,
                surroundings=self._surroundings,
                largest=MAX_BODY,
            )
        finally:
            scope.leave(bound)
        if isinstance(reply, connection.NoReply):
            logger.info("%s %s: %s", request.method, request.path_url.partition("?")[0], reply.why.value)
            unknown = once and reply.sent
            return _Attempt(
                error=errors.outcome_unknown() if unknown else errors.from_silence(reply),
                failure=_FAILURES.get(reply.why, Failure.BROKEN if reply.sent else Failure.UNREACHED),
            )
        return self._outcome(reply, once=once, may_be_empty=may_be_empty, secrets=secrets)

    @sensitive_variables("secrets")
    def _outcome(
        self, reply: connection.Reply, *, once: bool, may_be_empty: bool, secrets: Sequence[str]
    ) -> _Attempt:
        status, kind = reply.status, kind_of(reply.status)
        if kind is StatusKind.SUCCESS:
            if may_be_empty and not reply.body.strip():
                return _Attempt()
            try:
                return _Attempt(value=decode_json(reply.body))
            except ValueError:
                pass
            content_type = reply.headers.get("Content-Type", "")
            return _Attempt(
                error=errors.outcome_unknown(status) if once else errors.not_json(content_type, status=status)
            )
        if once and kind.is_ambiguous:
            return _Attempt(error=errors.outcome_unknown(status))
        retry_after = retry.retry_after_seconds(reply.headers, now=dt.datetime.now(dt.UTC))
        return _Attempt(
            error=errors.from_status(
                status, reply.body, secrets=(self._secret, *secrets), retry_after=retry_after
            ),
            failure=retry.failure_of(kind),
            retry_after=retry_after,
        )


def _load(request: requests.PreparedRequest, body: bytes, content_type: str) -> None:
    request.body = body
    request.headers["Content-Type"] = content_type
    request.headers["Content-Length"] = str(len(body))


def secrets_of(target: str) -> tuple[str, ...]:
    """Return what of a webhook's target no error may repeat: our own receiver's path is a secret."""
    path = target.partition("://")[2].partition("/")[2].strip("/")
    return tuple(part for part in (target, path) if len(part) >= _SHORTEST_SECRET)
