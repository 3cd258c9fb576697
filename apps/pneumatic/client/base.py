"""A connection to one Pneumatic account: which dialect it uses, whose key it has, how it closes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

from django.conf import settings

from apps.pneumatic import detection, server
from apps.pneumatic.canonical.capabilities import Capabilities
from apps.pneumatic.canonical.schemas import KeyHolder
from apps.pneumatic.dialects import registry
from apps.pneumatic.dialects.base import Dialect, Listing
from apps.pneumatic.errors import NotFound
from apps.pneumatic.transport import api, errors
from apps.pneumatic.transport.paging import Progress, RowT, read_all
from apps.pneumatic.transport.parsing import Node

# No caller makes more requests at a time; the pool keeps as many connections.
MAX_CONCURRENT_REQUESTS = 16


class BaseClient:
    """What the calls of every subject share. A context manager: leaving it closes the connections."""

    def __init__(
        self,
        *,
        api_url: str,
        api_key: str,
        dialect: Dialect | None,
        connect_timeout: float,
        read_timeout: float,
    ) -> None:
        """Open nothing yet. Time-outs are in seconds; without a ``dialect`` the first call detects it."""
        self._known_dialect = dialect
        self._transport = api.Transport(
            base_url=api_url,
            key=api_key,
            connect_timeout=connect_timeout,
            read_timeout=read_timeout,
            pool_size=MAX_CONCURRENT_REQUESTS,
        )

    def __repr__(self) -> str:
        name = self._known_dialect.name if self._known_dialect else "not detected yet"
        return f"<Client {self._transport.base_url} ({name})>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that are kept open, and remember whether the server accepted the key."""
        self._transport.close()
        is_accepted = self._transport.key_verdict.is_accepted
        if is_accepted is not None and self._transport.uses(
            base_url=settings.PNEUMATIC_API_URL, key=settings.PNEUMATIC_API_KEY
        ):
            server.remember_key(is_accepted=is_accepted)

    @property
    def requests_made(self) -> int:
        """The number of requests so far, retries included."""
        return self._transport.requests_made

    @property
    def capabilities(self) -> Capabilities:
        """What the server can do. The first use may make a request and raise PneumaticError."""
        return self._dialect.capabilities

    def detect_dialect(self) -> str:
        """Ask the server again which API it has, remember it, and return its name; raise PneumaticError.

        PNEUMATIC_DIALECT, unless it is ``auto``, still decides which one this client uses.
        """
        name = detection.detect(self._transport)
        if settings.PNEUMATIC_DIALECT == "auto":
            self._known_dialect = registry.choose(name)
        return name

    def key_holder(self, *, again: bool = False) -> KeyHolder | None:
        """Return the user of the API key and remember them; None where the server does not say.

        A client asks once, unless ``again``: then for the user alone, and not for the server's release.
        Current API: ``GET /auth/context``. The documented API has no such call. Raise PneumaticError.
        """
        with self._expect_found():
            key_holder = self._dialect.key_holder(self._transport, again=again)
        if key_holder is not None:
            server.remember_holder(self._dialect.name, key_holder, self._dialect.features)
        return key_holder

    def refresh_key_holder(self, max_age: dt.timedelta) -> None:
        """Ask for the user of the key, unless the answer of any process is at most ``max_age`` old.

        Their zone may be another one by now. Of a user who is known, this takes one request. Raise PneumaticError.
        """
        if server.has_recent_holder(max_age):
            return
        known = server.known()
        self.key_holder(again=known is not None and known.key_holder is not None)

    def detect_release(self) -> None:
        """Find out which release the server is and remember it, unless this client has; raise PneumaticError.

        For an answer of the server that contradicts what is remembered: it may have been upgraded since.
        """
        if not self._dialect.has_found_features:
            self._dialect.forget_server()
            self.key_holder()

    @property
    def _dialect(self) -> Dialect:
        """The dialect in use; before the first request it may have to be detected."""
        if self._known_dialect is None:
            self._known_dialect = registry.choose(detection.detect(self._transport))
        return self._known_dialect

    def _list(
        self, listing: Listing, parse: Callable[[Node], RowT], on_progress: Progress | None = None
    ) -> list[RowT]:
        """Return all rows of a list, in pages of any size."""

        def fetch(limit: int | None, offset: int) -> Any:
            page = {} if limit is None else {"limit": limit, "offset": offset}
            return self._transport.get(listing.path, {**listing.params, **page})

        with self._expect_found():
            return read_all(fetch, parse, page_size=listing.page_size, on_progress=on_progress)

    @contextmanager
    def _expect_found(self) -> Iterator[None]:
        """Turn NotFound into Contradicted, where nothing can have been deleted: the server has another API."""
        try:
            yield
        except NotFound as error:
            raise errors.contradicted(str(self._dialect.label), error.status) from None
