"""The documented endpoints: Templates, Launch, Upload, Make public, Users; those of webhooks are in webhooks.py.

What the documentation leaves open is decided in docs/sandbox.md.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable
from typing import Any

from . import listing
from .errors import invalid, invalid_as_a_whole, not_a_page, refuse
from .files import FileStore
from .shapes import Record
from .state import State
from .validation import run_problems
from .webhooks import Webhooks
from .wire import MAX_BODY, Answer, Request, json_answer
from .workflows import Workflows

ORDERINGS = ("date", "name", "-date", "-name")
HOST = re.compile(r"[A-Za-z0-9.\-]+(:[0-9]+)?|\[[0-9A-Fa-f:.]+\](:[0-9]+)?")

Handler = Callable[..., Answer]


class Api:
    """Answers requests to the documented paths for the holder of ``api_key``."""

    def __init__(self, *, state: State, api_key: str, files: FileStore, workflows: Workflows) -> None:
        self._state = state
        self._workflows = workflows
        self._api_key = api_key.encode()
        self._files = files
        webhooks = Webhooks(state)
        self._routes: list[tuple[re.Pattern[str], dict[str, Handler]]] = [
            (re.compile(r"/templates"), {"GET": self._list_templates}),
            (re.compile(r"/templates/([^/]+)"), {"GET": self._get_template}),
            (re.compile(r"/templates/([^/]+)/run"), {"POST": self._run}),
            (re.compile(r"/accounts/users"), {"GET": self._list_users}),
            (re.compile(r"/workflows/attachments"), {"POST": self._announce}),
            (re.compile(r"/workflows/attachments/([^/]+)/links"), {"POST": self._publish}),
            (re.compile(r"/webhooks"), {"GET": webhooks.list, "POST": webhooks.subscribe}),
            (re.compile(r"/webhooks/target"), {"DELETE": webhooks.unsubscribe_target}),
            (re.compile(r"/webhooks/([^/]+)"), {"DELETE": webhooks.unsubscribe}),
        ]

    def answer(self, request: Request) -> Answer:
        """Return the answer to a request; raise Refused when it is not carried out."""
        for pattern, methods in self._routes:
            match = pattern.fullmatch(request.path)
            if match:
                self._authenticate(request)
                handler = methods.get(request.method)
                if handler is None:
                    raise refuse(405, f'Method "{request.method}" not allowed.', Allow=", ".join(methods))
                if not HOST.fullmatch(request.host):
                    raise refuse(400, "The Host header is missing or no host name.")
                return handler(request, *match.groups())
        raise not_a_page()

    def _authenticate(self, request: Request) -> None:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if not scheme:
            raise refuse(401, "Authentication credentials were not provided.", WWW_Authenticate="Bearer")
        # latin-1 is how header bytes were decoded; compared in constant time, as a real server should.
        given = key.strip().encode("latin-1")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given, self._api_key):
            raise refuse(401, "The API key is not valid.", WWW_Authenticate="Bearer")

    def _list_templates(self, request: Request) -> Answer:
        query = request.query
        ordering = listing.choice(query, "ordering", ORDERINGS, "-date")
        with self._state.lock:
            ids = self._state.template_ids(ordering)
            if "limit" not in query and "offset" not in query:
                return listing.array([self._state.template_row(id_) for id_ in ids])
            at = listing.window(query, max_limit=self._state.settings.page_maximum)
            return listing.envelope(
                [self._state.template_row(id_) for id_ in ids[at.offset : at.offset + at.limit]],
                count=len(ids),
                at=at,
                base_url=f"http://{request.host}/templates",
                parameters=query,
            )

    def _list_users(self, request: Request) -> Answer:
        query = request.query
        order = listing.choice(query, "order", ("asc", "desc"), "asc")
        with self._state.lock:
            ids = self._state.user_ids(order)
            at = listing.window(query, max_limit=self._state.settings.page_maximum)
            return listing.envelope(
                [self._state.user_row(id_) for id_ in ids[at.offset : at.offset + at.limit]],
                count=len(ids),
                at=at,
                base_url=f"http://{request.host}/accounts/users",
                parameters=query,
            )

    def _get_template(self, request: Request, id_text: str) -> Answer:
        with self._state.lock:
            template = self._template(id_text)
            return Answer(body=self._state.template_bytes(template["id"]))

    def _run(self, request: Request, id_text: str) -> Answer:
        body = json_body(request)
        with self._state.lock:
            template = self._template(id_text)
            if not template["is_active"]:
                raise invalid_as_a_whole("The template is not active: it cannot be launched.")
            problems = run_problems(body, template, self._state)
            if problems:
                raise invalid(problems)
            workflow = self._workflows.start(
                template, name=body["name"], kickoff=body.get("kickoff") or {}, tasks=body.get("tasks")
            )
        return json_answer({"workflow_id": workflow["id"]})

    def _announce(self, request: Request) -> Answer:
        return json_answer(self._files.announce(json_body(request), host=request.host))

    def _publish(self, request: Request, id_text: str) -> Answer:
        request.read(MAX_BODY)
        return json_answer(self._files.publish(_whole_number(id_text), host=request.host))

    def _template(self, id_text: str) -> Record:
        template = self._state.templates.get(_whole_number(id_text))
        if template is None:
            raise refuse(404, "Not found.")
        return template


def _whole_number(text: str) -> int:
    """Return a path's id; -1, which no object has, for anything that is not a number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1


def json_body(request: Request) -> Any:
    """Return the decoded body; raise Refused when it is not JSON."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    data = request.read(MAX_BODY)
    if media_type != "application/json":
        raise refuse(415, "Send the body as application/json.")
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise refuse(400, "The body is not JSON.") from None
