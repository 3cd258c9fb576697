"""The paths under ``/accounts``, and what a key may read of its user."""

from __future__ import annotations

from sandbox.shapes import Record
from sandbox.state import State
from sandbox.wire import Answer, Request, json_answer

from . import access, errors, listing
from .errors import Complaint
from .routing import Routes, whole_number
from .shapes import own_context

ORDERINGS = ("first_name", "last_name", "status")
STATUSES = ("active", "invited", "inactive")


class Users:
    """Answers the requests in ``routes``."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.routes: Routes = {
            r"/accounts/users": {"GET": self._list},
            r"/accounts/users/([0-9]+)": {"GET": self._detail},
            r"/accounts/groups": {"GET": self._groups},
            r"/auth/context": {"GET": self._context},
            r"/auth/google/token": {"GET": self._refuse_sign_in},
        }

    def _list(self, request: Request, user: Record) -> Answer:
        """Answer with all users, those who left too; a limit that makes no sense is as good as none."""
        query = request.query
        ordering = query.get("ordering") or "last_name"
        if ordering.removeprefix("-") not in ORDERINGS:
            text = "Select a valid choice. {value} is not one of the available choices."
            raise Complaint(400, text, lambda text: {"ordering": [text]}, values={"value": ordering})
        statuses = _filter(query.get("status", ""), STATUSES)
        types = _filter(query.get("type", ""), ("user", "guest"))
        window = listing.Window(_number(query.get("limit")), _number(query.get("offset")))
        with self._state.lock:
            wanted = _filter(query.get("groups", ""), [str(id_) for id_ in self._state.groups])
            rows = [
                item
                for item in self._state.users.values()
                if (not statuses or item["status"] in statuses)
                and (not types or item["type"] in types)
                and (not wanted or wanted & {str(id_) for id_ in access.groups_of(item, self._state)})
            ]
            key = ordering.removeprefix("-")
            rows.sort(key=lambda item: (str(item[key]).casefold(), item["id"]), reverse=ordering[0] == "-")
            return listing.page(request, [item["id"] for item in rows], window, self._state.user_row)

    def _detail(self, request: Request, user: Record, id_text: str) -> Answer:
        with self._state.lock:
            if not access.is_admin(user):
                raise errors.forbidden()
            id_ = whole_number(id_text)
            if id_ not in self._state.users:
                raise errors.not_found()
            return Answer(body=self._state.user_row(id_))

    def _groups(self, request: Request, user: Record) -> Answer:
        with self._state.lock:
            keys = ("id", "name", "photo", "users") + (
                ("type",) if self._state.release.has_group_types else ()
            )
            return json_answer([{key: group[key] for key in keys} for group in self._state.groups.values()])

    def _context(self, request: Request, user: Record) -> Answer:
        with self._state.lock:
            state = self._state
            names = access.names_of(user, state)
            roles = {role for item in state.templates.values() for role in access.roles_of(names, item)}
            return json_answer(own_context(user, state.users, state.templates, roles, state.release))

    def _refuse_sign_in(self, request: Request, user: Record) -> Answer:
        """Answer as where signing in with Google is switched off, which is all that is simulated of it."""
        raise errors.forbidden()


def _filter(text: str, choices: list[str] | tuple[str, ...]) -> set[str]:
    """Return the values of a comma list; raise Complaint, a bare list, when one of them is unknown."""
    values = [value for value in text.split(",") if value]
    for value in values:
        if value not in choices:
            reason = "'{value}' is an invalid value for the filter"
            raise Complaint(400, reason, lambda text: [text], values={"value": value})
    return set(values)


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0
