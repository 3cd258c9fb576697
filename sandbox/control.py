"""The control API under ``/_sandbox/``: reset, data, faults, and what arrived. For this machine only."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

from . import faults as fault_rules
from .api import json_body
from .checks import problems
from .control_webhooks import WebhookControl
from .current.releases import NEWEST, RELEASES, Release
from .data import DATASETS, load
from .data.complete import complete_template, complete_user
from .data.modern import modern_template, modern_user
from .errors import Problem, invalid, not_a_page, refuse
from .faults import Faults
from .request_log import RequestLog
from .settings import CHECKS as SETTINGS
from .settings import Settings
from .shapes import Record
from .state import CURRENT, DIALECTS, DOCUMENTED, State
from .wire import Answer, Request, json_answer
from .workflows import shown

PREFIX = "/_sandbox/"
_LOCAL_HOST = re.compile(r"(localhost|127\.[0-9.]+|\[::1\])(:[0-9]+)?")

Complete = Callable[[Record, Record | None], Record]


@dataclass(frozen=True, slots=True)
class Start:
    """What a reset goes back to; ``pace`` in seconds, ``release`` one of the current dialect."""

    dataset: str
    large: int = 0
    pace: float = 0
    dialect: str = DOCUMENTED
    release: str = NEWEST.name


class Control:
    """Answers requests to the control API."""

    def __init__(
        self,
        *,
        state: State,
        faults: Faults,
        log: RequestLog,
        webhooks: WebhookControl,
        forget: Callable[[], None],
        start: Start,
    ) -> None:
        self._state = state
        self._faults = faults
        self._log = log
        self._forget = forget
        self._start = start
        self._routes: dict[tuple[str, str], Callable[[Request], Any]] = {
            ("GET", "status"): self._status,
            ("POST", "reset"): self._reset,
            ("POST", "upgrade"): self._upgrade,
            ("PATCH", "settings"): self._settings,
            ("GET", "faults"): lambda request: faults.as_json(),
            ("POST", "faults"): self._add_fault,
            ("DELETE", "faults"): lambda request: faults.clear(),
            ("GET", "requests"): lambda request: log.as_json(),
            ("DELETE", "requests"): lambda request: log.clear(),
            ("GET", "files"): lambda request: [item.as_json() for item in list(state.attachments.values())],
            ("POST", "files/forget_keys"): lambda request: state.keys.forget_accepted(),
            ("POST", "keys"): self._add_key,
            ("POST", "groups"): self._put_group,
            ("POST", "templates"): self._put_template,
            ("POST", "users"): self._put_user,
            **webhooks.routes,
        }

    def answer(self, request: Request) -> Answer:
        """Return the answer to a control request; raise Refused when it is not carried out."""
        if not _is_from_here(request):
            raise refuse(403, "The control API accepts requests from this machine only.")
        name = request.path.removeprefix(PREFIX)
        kind, _, id_text = name.partition("/")
        if request.method in {"GET", "DELETE"} and id_text.isascii() and id_text.isdigit():
            item = self._read if request.method == "GET" else self._delete
            return item(kind, int(id_text[:18]))
        handler = self._routes.get((request.method, name))
        if handler is None:
            raise not_a_page()
        result = handler(request)
        return json_answer({"ok": True} if result is None else result)

    def reset(self, start: Start) -> None:
        """Load a data set and forget workflows, files, keys, faults, settings and the request log."""
        release = RELEASES[start.release]
        data = load(start.dataset, large=start.large, dialect=start.dialect, release=release)
        with self._state.lock:
            self._state.load(
                data.templates,
                data.users,
                groups=data.groups,
                datasets=data.datasets,
                dialect=start.dialect,
                release=release,
            )
            self._state.settings = Settings(pace=self._start.pace, delays=self._start.pace > 0)
            self._forget()
        self._faults.reset()
        self._log.clear()

    def _status(self, request: Request) -> dict[str, Any]:
        return {
            "dialect": self._state.dialect,
            "release": self._state.release.name if self._state.dialect == CURRENT else None,
            "templates": len(self._state.templates),
            "users": len(self._state.users),
            "workflows": len(self._state.workflows),
            "subscriptions": len(self._state.subscriptions),
            "files": len(self._state.attachments),
            **asdict(self._state.settings),
            "datasets": list(DATASETS),
        }

    def _reset(self, request: Request) -> None:
        options = _object(request, {"dataset": str, "large": int, "dialect": str, "release": str})
        if "release" in options:
            options.setdefault("dialect", CURRENT)
        elif "dialect" in options:
            options["release"] = NEWEST.name
        start = replace(self._start, **options)
        if start.dataset not in DATASETS:
            raise invalid([Problem("dataset", f"Write one of: {', '.join(DATASETS)}.")])
        if not 0 <= start.large <= 100_000:
            raise invalid([Problem("large", "Write a number from 0 to 100000.")])
        if start.dialect not in DIALECTS:
            raise invalid([Problem("dialect", f"Write one of: {', '.join(DIALECTS)}.")])
        _release(start.release, start.dialect)
        self.reset(start)

    def _upgrade(self, request: Request) -> None:
        given = _object(request, {"release": str})
        release = _release(given.get("release", ""), self._state.dialect)
        names = list(RELEASES)
        if names.index(release.name) < names.index(self._state.release.name):
            text = f"The server is {self._state.release.name} already; a reset goes back to an older one."
            raise invalid([Problem("release", text)])
        self._state.upgrade(release)

    def _settings(self, request: Request) -> None:
        given = json_body(request)
        if found := problems(given, SETTINGS):
            raise invalid(found)
        self._state.settings = replace(self._state.settings, **given)

    def _add_fault(self, request: Request) -> None:
        rule = fault_rules.parse(json_body(request))
        if isinstance(rule, list):
            raise invalid(rule)
        self._faults.add(rule)

    def _add_key(self, request: Request) -> None:
        given = _object(request, {"key": str, "user_id": int})
        # As a header can hold it, which the current server cuts at the first space.
        if not re.fullmatch(r"[!-~]+", given.get("key", "")):
            raise invalid([Problem("key", "Write a key, without spaces.")])
        if given.get("user_id") not in self._state.users:
            raise invalid([Problem("user_id", "There is no user with that id.")])
        self._state.keys.add(given["key"], given["user_id"])

    def _put_group(self, request: Request) -> Record:
        given = _object(request, {"id": int, "name": str, "users": list, "type": str})
        with self._state.lock:
            groups, users = self._state.groups, given.get("users", [])
            if not all(type(id_) is int and id_ in self._state.users for id_ in users):
                raise invalid([Problem("users", "Write a list of ids of users.")])
            id_ = given.get("id", max(groups, default=0) + 1)
            new = {"id": id_, "name": f"Group {id_}", "photo": "", "users": [], "type": "regular"}
            groups[id_] = {**groups.get(id_, new), **given}
            self._state.forget_encoded()
            return groups[id_]

    def _put_template(self, request: Request) -> Record:
        def complete(given: Record, existing: Record | None) -> Record:
            record = complete_template(given, existing)
            owner = self._state.owner()
            is_current = self._state.dialect == CURRENT
            return (
                modern_template(record, account_owner=owner["id"] if owner else 1) if is_current else record
            )

        state = self._state
        return self._put(request, state.templates, complete, (state.template_row, state.template_bytes))

    def _put_user(self, request: Request) -> Record:
        def complete(given: Record, existing: Record | None) -> Record:
            record = complete_user(given, existing)
            return modern_user(record) if self._state.dialect == CURRENT else record

        return self._put(request, self._state.users, complete, (self._state.user_row,))

    def _put(
        self,
        request: Request,
        table: dict[int, Record],
        complete: Complete,
        show: tuple[Callable[[int], bytes], ...],
    ) -> Record:
        given = _object(request)
        with self._state.lock:
            id_ = given.get("id", max(table, default=0) + 1)
            if type(id_) is not int:
                raise invalid([Problem("id", "Write a number.")])
            before = dict(table)
            try:
                table[id_] = complete({**given, "id": id_}, table.get(id_))
                self._state.forget_encoded()
                # A record that cannot be shown would break every listing from now on.
                for make in show:
                    make(id_)
            except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
                table.clear()
                table.update(before)
                self._state.forget_encoded()
                raise invalid([Problem("body", "The record does not have the documented shape.")]) from None
            return table[id_]

    def _read(self, kind: str, id_: int) -> Answer:
        with self._state.lock:
            record = self._table(kind, id_)[id_]
            return json_answer(shown(record) if kind == "workflows" else record)

    def _delete(self, kind: str, id_: int) -> Answer:
        with self._state.lock:
            del self._table(kind, id_)[id_]
            self._state.changed()
            self._state.forget_encoded()
        return json_answer({"ok": True})

    def _table(self, kind: str, id_: int) -> dict[int, Record]:
        state = self._state
        tables = {
            "templates": state.templates,
            "users": state.users,
            "groups": state.groups,
            "workflows": state.workflows,
            "subscriptions": state.subscriptions,
        }
        table = tables.get(kind, {})
        if id_ not in table:
            raise refuse(404, "Not found.")
        return table


def _release(name: str, dialect: str) -> Release:
    """Return the release of a server of this dialect; raise Refused when there is none of that name."""
    if name not in RELEASES:
        raise invalid([Problem("release", f"Write one of: {', '.join(RELEASES)}.")])
    if dialect != CURRENT and name != NEWEST.name:
        raise invalid([Problem("release", "Only the dialect current has releases.")])
    return RELEASES[name]


def _is_from_here(request: Request) -> bool:
    """Return whether a program on this machine asks: not another machine, and not a web page open in a browser.

    A page's request carries its origin, or (after DNS rebinding) the name of its host.
    """
    address = ipaddress.ip_address(request.client)
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    return (
        address.is_loopback
        and _LOCAL_HOST.fullmatch(request.host) is not None
        and "origin" not in request.headers
    )


def _object(request: Request, types: dict[str, type] | None = None) -> dict[str, Any]:
    """Return the body, an object; with ``types`` only those keys, each of its type."""
    data = json_body(request)
    if not isinstance(data, dict):
        raise invalid([Problem("body", "Send a JSON object.")])
    if types is not None:
        problems = [Problem(str(key), "Unknown key.") for key in data if key not in types]
        problems += [
            Problem(key, "The value has the wrong type.")
            for key, value in data.items()
            if key in types and type(value) is not types[key]
        ]
        if problems:
            raise invalid(problems)
    return data
