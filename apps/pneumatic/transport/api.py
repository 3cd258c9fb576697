"""Requests to one Pneumatic API. No other module has the API key.

The key must not appear in an error: Django's DEBUG page prints the local variables of every frame. So no variable here
contains a header, and no exception of ``requests`` (it contains the request) leaves ``connection``.
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
from django.utils.crypto import constant_time_compare
from django.views.decorators.debug import sensitive_variables

from apps.pneumatic.errors import PneumaticError
from apps.pneumatic.transport import connection, errors, retry
from apps.pneumatic.transport.cancellation import Pause, Scope
from apps.pneumatic.transport.parsing import decode_json
from apps.pneumatic.transport.retry import Failure
from apps.pneumatic.transport.statuses import StatusKind, kind_of
from pneumatic_dash import __version__

logger = logging.getLogger(__name__)

# More than any page of a list needs.
MAX_BODY_BYTES = 64 * 1024 * 1024
# The whole response may take this many read timeouts; see ``connection``.
MAX_READ_TIMEOUTS = 4
USER_AGENT = f"pneumatic-dash/{__version__}"
# A shorter path is no secret, and replacing it would garble sentences.
_MIN_SECRET_CHARACTERS = 8
_MAX_RECEIPT_BYTES = 1024 * 1024  # of the response to an upload
_FAILURES = {connection.NoReplyReason.TIMED_OUT: Failure.TIMED_OUT}


@dataclass(frozen=True, slots=True)
class _Attempt:
    """The result of one attempt: a value, or the error to raise, with the failure if a retry may help."""

    value: Any = None
    error: PneumaticError | None = None
    failure: Failure | None = None
    retry_after: float | None = None


def longest_call(connect_timeout: float, read_timeout: float) -> float:
    """Return the seconds that a request with these time-outs (seconds) may take, its whole response included."""
    return connect_timeout + MAX_READ_TIMEOUTS * read_timeout


@dataclass(slots=True)
class KeyVerdict:
    """What the last response said about the API key; None before the first."""

    is_accepted: bool | None = None


class Transport:
    """A session with one API. GETs share connections; every other request opens a new one.

    The server may close a kept-alive connection just when a launch is sent on it. Then the launch was not carried out,
    but the client could not know. A new connection costs less than an unknown result.
    """

    def __init__(
        self, *, base_url: str, key: str, connect_timeout: float, read_timeout: float, pool_size: int
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.requests_made = 0
        self.key_verdict = KeyVerdict()  # shared with ``limited_to``
        self.timeout = (connect_timeout, read_timeout)
        self.longest_call = longest_call(connect_timeout, read_timeout)
        self._secret = key
        self._session = connection.new_session(pool_size=pool_size)
        self._environment = connection.environment_for(self.base_url)
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
        # As prepared: a host name with non-ASCII letters is encoded.
        self._root = str(self._template.url).rstrip("/")
        self._pause = Pause()
        self._counting = threading.Lock()

    def __repr__(self) -> str:
        return f"<Transport {self.base_url}>"

    def uses(self, *, base_url: str, key: str) -> bool:
        """Return whether requests go to ``base_url`` with ``key``."""
        return self.base_url == base_url.rstrip("/") and constant_time_compare(self._secret, key)

    def limited_to(self, read_timeout: float) -> Transport:
        """Return the same session with a read time-out of at most ``read_timeout`` seconds; do not close it."""
        limited = copy.copy(self)
        connect_timeout, longest = self.timeout
        limited.timeout = (connect_timeout, min(read_timeout, longest))
        limited.longest_call = longest_call(*limited.timeout)
        return limited

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._session.close()

    def get(
        self,
        path: str,
        params: Mapping[str, str | int] | None = None,
        *,
        scope: Scope | None = None,
        repeat: bool = True,
    ) -> Any:
        """Return the JSON at ``path``; retried as ``retry`` says, unless ``repeat`` is False.

        Raise PneumaticError, or Cancelled when ``scope`` is stopped.
        """
        url = self._root + path + (f"?{urlencode(params)}" if params else "")
        scope = scope or Scope()
        for attempt in itertools.count(1):
            self._pause.wait(scope)
            result = self._attempt(self._prepared("GET", url), self._session, scope=scope)
            if result.error is None:
                return result.value
            pause = result.failure and retry.pause_before_retry(
                result.failure,
                method="GET",
                attempt=attempt,
                retry_after=result.retry_after,
                jitter=random.random(),  # noqa: S311 - no secret depends on it
            )
            if not repeat or result.failure is None or pause is None:
                raise result.error
            scope.check()  # an aborted request is no failure worth a log line
            logger.info("GET %s: %s; retrying in %.1f s", path, result.failure.value, pause)
            if result.failure is Failure.LIMITED:
                self._pause.hold(pause)
            else:
                scope.sleep(pause)
        raise AssertionError("unreachable")

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, once: bool = False) -> Any:
        """Return the JSON response to one POST; never retried. Raise PneumaticError.

        ``once`` is for a request that must not be made twice: then a failure after which the server may have carried
        it out is OutcomeUnknown. Without it such a failure is Unavailable, because a retry does no harm.
        """
        request = self._prepared("POST", self._root + path)
        if body is not None:
            _load(request, json.dumps(body, allow_nan=False).encode("ascii"), "application/json")
        return self._send_once(request, once=once)

    @sensitive_variables("body", "secrets")
    def send_json(self, path: str, body: Mapping[str, Any], *, secrets: Sequence[str] = ()) -> Any:
        """Return the JSON response to one POST, None for an empty one; otherwise like ``send_form``."""
        request = self._prepared("POST", self._root + path)
        _load(request, json.dumps(body, allow_nan=False).encode("ascii"), "application/json")
        return self._send_once(request, may_be_empty=True, secrets=secrets)

    @sensitive_variables("fields", "secrets")
    def send_form(
        self, method: str, path: str, fields: Mapping[str, str] | None = None, *, secrets: Sequence[str] = ()
    ) -> Any:
        """Return the JSON response to one request with a form as its body, None for an empty one; never retried.

        Raise PneumaticError. After Unavailable the request may have been carried out. No error contains any of
        ``secrets``.
        """
        request = self._prepared(method, self._root + path)
        if fields is not None:
            _load(request, urlencode(fields).encode("ascii"), "application/x-www-form-urlencoded")
        return self._send_once(request, may_be_empty=True, secrets=secrets)

    def send_file(
        self, url: str, body: connection.Body, *, size: int, content_type: str, seconds: float
    ) -> connection.Reply | connection.NoReply:
        """POST ``size`` bytes with the key to ``url``, a service of Pneumatic at another address; never retried.

        ``url`` must come from the settings, never from a response: the key is sent there. ``seconds`` limits the whole
        exchange.
        """
        request = self._prepared("POST", str(requests.Request("POST", url).prepare().url))
        request.headers.update(
            {"Connection": "close", "Content-Type": content_type, "Content-Length": str(size)}
        )
        request.body = body  # type: ignore[assignment]  # urllib3 accepts any object with read()
        self.count_request()
        with connection.new_session(pool_size=1) as session:
            return connection.roundtrip(
                session,
                request,
                bound=connection.Exchange(seconds=seconds),
                # The first of the two also limits the sending of each part.
                timeout=(self.timeout[1], self.timeout[1]),
                environment=connection.environment_for(url),
                max_bytes=_MAX_RECEIPT_BYTES,
            )

    @sensitive_variables("secrets")
    def _send_once(
        self,
        request: requests.PreparedRequest,
        *,
        once: bool = False,
        may_be_empty: bool = False,
        secrets: Sequence[str] = (),
    ) -> Any:
        """Make ``request`` on a new connection and return the JSON of its response."""
        request.headers["Connection"] = "close"
        with connection.new_session(pool_size=1) as session:
            result = self._attempt(
                request, session, scope=Scope(), once=once, may_be_empty=may_be_empty, secrets=secrets
            )
        if result.error is not None:
            raise result.error
        return result.value

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
    def _attempt(
        self,
        request: requests.PreparedRequest,
        session: requests.Session,
        *,
        scope: Scope,
        once: bool = False,
        may_be_empty: bool = False,
        secrets: Sequence[str] = (),
    ) -> _Attempt:
        """Make one attempt. Failures are values, so that no error has an exception of ``requests`` as its context."""
        bound = connection.Exchange(seconds=self.longest_call)
        scope.enter(bound)
        self.count_request()
        try:
            reply = connection.roundtrip(
                session,
                request,
                bound=bound,
                timeout=self.timeout,
                environment=self._environment,
                max_bytes=MAX_BODY_BYTES,
            )
        finally:
            scope.leave(bound)
        if isinstance(reply, connection.NoReply):
            logger.info("%s %s: %s", request.method, request.path_url.partition("?")[0], reply.reason.value)
            unknown = once and reply.sent
            return _Attempt(
                error=errors.outcome_unknown() if unknown else errors.from_silence(reply),
                failure=_FAILURES.get(reply.reason, Failure.BROKEN if reply.sent else Failure.UNREACHED),
            )
        return self._result_of(reply, once=once, may_be_empty=may_be_empty, secrets=secrets)

    @sensitive_variables("secrets")
    def _result_of(
        self, reply: connection.Reply, *, once: bool, may_be_empty: bool, secrets: Sequence[str]
    ) -> _Attempt:
        status, kind = reply.status, kind_of(reply.status)
        if kind in {StatusKind.SUCCESS, StatusKind.UNAUTHENTICATED}:
            self.key_verdict.is_accepted = kind is StatusKind.SUCCESS
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
    """Return the parts of a subscription's URL that no error may contain: the dashboard's own path is a secret."""
    path = target.partition("://")[2].partition("/")[2].strip("/")
    return tuple(part for part in (target, path) if len(part) >= _MIN_SECRET_CHARACTERS)
