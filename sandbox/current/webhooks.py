"""Webhooks of the current server: for each event one row per user, for administrators only."""

from __future__ import annotations

import ipaddress
import re
from typing import Any
from urllib.parse import urlsplit

from sandbox.shapes import Record
from sandbox.state import State, now
from sandbox.webhooks import add_subscription
from sandbox.wire import Answer, Request, json_answer

from . import errors
from .access import is_admin
from .routing import Routes, json_object, no_content
from .workflows.payloads import events

_LABEL = r"[^\W_](?:[\w\-]{0,61}[^\W_])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)+[^\W\d_](?:[\w\-]{{0,61}}[^\W_])|localhost", re.IGNORECASE)


class Webhooks:
    """The account's webhooks, as its API shows and changes them.

    A row belongs to the user who made it; unsubscribing removes the rows of all users.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self.routes: Routes = {
            "/webhooks/events": {"GET": self.show_all},
            "/webhooks/events/([^/]+)": {"GET": self.show},
            "/webhooks/events/([^/]+)/subscribe": {"POST": self.subscribe},
            "/webhooks/events/([^/]+)/unsubscribe": {"POST": self.unsubscribe},
            "/webhooks/subscribe": {"POST": self.subscribe_all},
            "/webhooks/unsubscribe": {"POST": self.unsubscribe_all},
        }

    def show_all(self, request: Request, user: Record) -> Answer:
        """Answer with each event and the URL of one of its rows."""
        _admins_only(user)
        return json_answer([{"url": self._url(event), "event": event} for event in self._events])

    def show(self, request: Request, user: Record, event: str) -> Answer:
        """Answer with the URL of one of the rows of an event."""
        _admins_only(user)
        self._refuse_unknown(event)
        return json_answer({"url": self._url(event)})

    def subscribe(self, request: Request, user: Record, event: str) -> Answer:
        """Let the user's row of an event have this URL."""
        _admins_only(user)
        url = _url_of(request)
        self._refuse_unknown(event)
        with self._state.lock:
            rows = self._rows(event)
            if any(row["target"] == url and row["user_id"] != user["id"] for row in rows):
                return (
                    errors.server_error()
                )  # the database wants each URL once in the account; it is not checked before
            own = next((row for row in rows if row["user_id"] == user["id"]), None)
            if own is None:
                self._add(event, url, user)
            else:
                own.update(target=url, updated=now())
                self._state.changed()
        return no_content()

    def unsubscribe(self, request: Request, user: Record, event: str) -> Answer:
        """Remove the rows of an event, of all users."""
        _admins_only(user)
        self._refuse_unknown(event)
        self._remove(event)
        return no_content()

    def subscribe_all(self, request: Request, user: Record) -> Answer:
        """Remove every row of the account, and let the user have this URL for every event."""
        _admins_only(user)
        url = _url_of(request)
        with self._state.lock:
            self._remove()
            for event in self._events:
                self._add(event, url, user)
        return no_content()

    def unsubscribe_all(self, request: Request, user: Record) -> Answer:
        """Remove every row of the account."""
        _admins_only(user)
        self._remove()
        return no_content()

    @property
    def _events(self) -> tuple[str, ...]:
        return events(self._state.release)

    def _refuse_unknown(self, event: str) -> None:
        if event not in self._events:
            raise errors.not_found()

    def _rows(self, event: str) -> list[Record]:
        rows = [row for row in self._state.subscriptions.values() if row["event"] == event]
        return [{"user_id": None} | row if "user_id" not in row else row for row in rows]

    def _url(self, event: str) -> str | None:
        with self._state.lock:
            rows = self._rows(event)
            return rows[0]["target"] if rows else None

    def _add(self, event: str, url: str, user: Record) -> None:
        add_subscription(self._state, event=event, target=url)["user_id"] = user["id"]

    def _remove(self, event: str = "") -> None:
        """Remove the rows of an event, or all."""
        with self._state.lock:
            rows = self._state.subscriptions
            for id_ in [id_ for id_, row in rows.items() if event in {"", row["event"]}]:
                del rows[id_]
            self._state.changed()


def is_valid_url(value: Any) -> bool:
    """Return whether the server takes a URL: http or https, to an address, ``localhost`` or a name with a dot."""
    if not isinstance(value, str) or re.search(r"[\s\x00-\x1f]", value):
        return False
    try:
        parts = urlsplit(value)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.scheme.lower() not in {"http", "https"} or (port is not None and port > 65535):
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return bool(_HOST.fullmatch(host.removesuffix(".")))
    return True


def _admins_only(user: Record) -> None:
    if not is_admin(user):
        raise errors.forbidden()


def _url_of(request: Request) -> str:
    body = json_object(request)
    if "url" not in body:
        raise errors.wrong_key("url", errors.REQUIRED)
    url = body["url"]
    if url is None:
        raise errors.wrong_key("url", "This field may not be null.")
    if isinstance(url, str) and not url.strip():
        raise errors.wrong_key("url", errors.BLANK)
    if isinstance(url, str):
        url = url.strip()
    if not is_valid_url(url):
        raise errors.wrong_key("url", "Enter a valid URL.")
    return str(url)
