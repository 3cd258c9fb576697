"""The paths under ``/templates`` except for launching, and the data sets that fields choose from."""

from __future__ import annotations

from collections import Counter

from sandbox.shapes import Record
from sandbox.state import State, encode
from sandbox.wire import Answer, Request, json_answer

from . import access, errors, listing
from .errors import Complaint
from .routing import Routes, whole_number
from .shapes import template_form

ORDERINGS = ("name", "-name", "date", "-date", "usage", "-usage")
NOT_OWNER_OR_VIEWER = "Permission denied. You are not a template owner or viewer."


class Templates:
    """Answers the requests in ``routes``."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.routes: Routes = {
            r"/templates": {"GET": self._list},
            r"/templates/": {"GET": self._links},
            r"/templates/([^/]+)": {"GET": self._detail},
            r"/templates/([^/]+)/fields": {"GET": self._form},
            r"/datasets": {"GET": self._datasets},
            r"/datasets/([^/]+)": {"GET": self._dataset},
            r"/fieldsets": {"GET": self._fieldsets},
        }

    def _list(self, request: Request, user: Record) -> Answer:
        """Answer with the templates on which the key's user has a role; even the account's owner sees no other."""
        query = request.query
        ordering = listing.choice(query, "ordering", ORDERINGS)
        window = listing.Window(listing.number(query, "limit", 0), listing.number(query, "offset", 0))
        is_active, is_public = listing.flag(query, "is_active"), listing.flag(query, "is_public")
        search = query.get("search", "").casefold()
        with self._state.lock:
            counts = Counter(
                item["template_id"] for item in self._state.workflows.values() if ordering.endswith("usage")
            )
            names = access.names_of(user, self._state)
            rows = [
                template
                for template in self._state.templates.values()
                if is_active in {None, template["is_active"]}
                and is_public in {None, template["is_public"]}
                and access.roles_of(names, template)
                and (not search or search in template["name"].casefold())
            ]
            ids = [template["id"] for template in _sorted(rows, ordering, counts)]
            is_admin = access.is_admin(user)

            def row(id_: int) -> bytes:
                owns = is_admin and "owner" in access.roles_of(names, self._state.templates[id_])
                more = b',"is_editable":true}' if owns else b',"is_editable":false}'
                if "is_editable" in self._state.release.absent:
                    more = b"}"
                if ordering.endswith("usage"):
                    more = b',"workflows_count":%d' % counts[id_] + more
                return self._state.template_row(id_)[:-1] + more

            return listing.page(request, ids, window, row)

    def _links(self, request: Request, user: Record) -> Answer:
        """Answer as the server does to a slash too many: with 200, and with something else."""
        base = f"http://{request.host}/templates"
        return json_answer({name: f"{base}/{name}" for name in ("system", "system/import", "integrations")})

    def _detail(self, request: Request, user: Record, id_text: str) -> Answer:
        with self._state.lock:
            if not access.is_admin(user):
                raise errors.forbidden(self._state.release.template_refusal)
            template = find(self._state, id_text, user, errors.NOT_OWNER)
            if not user["is_account_owner"] and "owner" not in access.roles(user, template, self._state):
                raise errors.forbidden(errors.NOT_OWNER)
            return Answer(body=self._state.template_bytes(template["id"]))

    def _form(self, request: Request, user: Record, id_text: str) -> Answer:
        with self._state.lock:
            template = find(self._state, id_text, user, NOT_OWNER_OR_VIEWER)
            if not access.roles(user, template, self._state) & {"owner", "viewer"}:
                raise errors.forbidden(NOT_OWNER_OR_VIEWER)
            return json_answer(template_form(template, self._state.release))

    def _datasets(self, request: Request, user: Record) -> Answer:
        """Answer with the data sets; what a row has was not recorded, other than that it has an id and a name."""
        with self._state.lock:
            return _names(request, self._state.datasets)

    def _fieldsets(self, request: Request, user: Record) -> Answer:
        """Answer with the fieldsets; the same as for data sets is true of the rows."""
        with self._state.lock:
            templates = self._state.templates.values()
            parts = [part for template in templates for part in template["kickoff"]["fieldsets"]]
            return _names(request, {part["shared_fieldset_id"]: part for part in parts})

    def _dataset(self, request: Request, user: Record, id_text: str) -> Answer:
        with self._state.lock:
            dataset = self._state.datasets.get(whole_number(id_text) or 0)
            if dataset is None:
                raise errors.not_found()
            return json_answer(dataset)


def find(state: State, id_text: str, user: Record, refusal: str) -> Record:
    """Return a template; raise Complaint when there is none: only the account's owner learns that."""
    id_ = whole_number(id_text)
    template = state.templates.get(id_) if id_ is not None else None
    if template is None:
        raise _unknown(user, refusal) if id_ is not None else errors.forbidden(refusal)
    return template


def _names(request: Request, records: dict[int, Record]) -> Answer:
    window = listing.Window(
        listing.number(request.query, "limit", 0), listing.number(request.query, "offset", 0)
    )

    def row(id_: int) -> bytes:
        return encode({"id": id_, "name": records[id_]["name"]})

    return listing.page(request, list(records), window, row)


def _unknown(user: Record, refusal: str) -> Complaint:
    return errors.not_found() if user["is_account_owner"] else errors.forbidden(refusal)


def _sorted(templates: list[Record], ordering: str, counts: Counter[int]) -> list[Record]:
    """Return templates in an order; active ones always come first, and without an ordering the oldest id."""
    rows = sorted(templates, key=lambda template: template["id"])
    reverse = ordering.startswith("-")
    if ordering.endswith("name"):
        rows.sort(key=lambda template: template["name"].casefold(), reverse=reverse)
    elif ordering.endswith("date"):
        rows.sort(key=lambda template: template["date_created"], reverse=reverse)
    elif ordering.endswith("usage"):
        rows.sort(key=lambda template: counts[template["id"]], reverse=reverse)
    return sorted(rows, key=lambda template: not template["is_active"])
