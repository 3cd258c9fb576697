"""The paths of the current server, who may call them, and what it puts into every answer."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable

from sandbox.api import HOST
from sandbox.state import State
from sandbox.wire import Answer, Request, json_answer
from sandbox.workflows import Workflows

from . import errors
from .errors import Complaint
from .files.attachments import Attachments
from .files.service import FileService
from .releases import Release
from .routing import Handler, Routes
from .running import Running
from .templates import Templates
from .users import Users
from .webhooks import Webhooks
from .workflows.paths import WorkflowPaths

_BAD_KEY = {
    "detail": "Given token not valid for any token type",
    "code": "token_not_valid",
    "messages": [
        {
            "token_class": "AccessToken",
            "token_type": "access",
            "message": "Token is invalid or expired",
        },
        {"token_class": "GuestToken", "token_type": "Guest", "message": "Token is invalid or expired"},
    ],
}
_COOKIE_DAYS = 1
# The beginnings of the paths that not every release has.
_HAS: dict[str, Callable[[Release], bool]] = {
    "/attachments": lambda release: release.files == "links",
    "/workflows/attachments": lambda release: release.files == "ids",
    "/datasets": lambda release: "dataset" not in release.absent,
    "/fieldsets": lambda release: "fieldsets" not in release.absent,
    "/auth/google/token": lambda release: release.has_google_sign_in,
    r"/v2/tasks/([0-9]+)/complete": lambda release: release.has_task_paths,
    r"/v2/tasks/([0-9]+)/revert": lambda release: release.has_task_paths,
    r"/workflows/([0-9]+)/task-complete": lambda release: release.has_workflow_task_paths,
    r"/workflows/([0-9]+)/task-revert": lambda release: release.has_workflow_task_paths,
}


class CurrentApi:
    """Answers requests with a key of ``state.keys``.

    A handler gets the request, the key's user and the parts of the path.
    """

    def __init__(
        self, *, state: State, files: FileService, attachments: Attachments, workflows: Workflows
    ) -> None:
        self._state = state
        routes: Routes = {
            **Webhooks(state).routes,
            **files.routes,
            **attachments.routes,
            **Templates(state).routes,
            **Running(state, workflows).routes,
            **Users(state).routes,
            **WorkflowPaths(state, workflows).routes,
        }
        # In the order of the table: a path with a name in it comes before the one with an id in its place.
        self._routes = [
            (re.compile(pattern), methods, _condition(pattern)) for pattern, methods in routes.items()
        ]

    def answer(self, request: Request) -> Answer:
        """Return the answer to a request."""
        if request.path == "/" and request.method in {"GET", "HEAD"}:
            return Answer(204, b"", "text/html; charset=utf-8")
        for pattern, methods, has in self._routes:
            match = pattern.fullmatch(request.path)
            if match and has(self._state.release):
                if request.method == "OPTIONS":
                    return errors.server_error()
                return self._answer(request, methods, match.groups())
        return errors.page_not_found()

    def _answer(self, request: Request, methods: dict[str, Handler], parts: Iterable[str]) -> Answer:
        language = request.headers.get("accept-language", "en").partition(",")[0].partition("-")[0]
        cookies: dict[str, str] = {}
        if not HOST.fullmatch(request.host):
            return Answer(400, b"<h1>Bad Request (400)</h1>", "text/html")
        try:
            if not _accepts_json(request):
                raise errors.plain(406, "Could not satisfy the request Accept header.")
            key = _key(request)
            user = self._state.user_of_key(key)
            if user is None:
                return json_answer(_BAD_KEY, 401, WWW_Authenticate='Token realm="api"')
            language = user["language"]
            cookies = _cookies(key)
            self._state.keys.accept(key)
            handler = methods.get("GET" if request.method == "HEAD" else request.method)
            if handler is None:
                raise errors.no_such_method(request.method, methods)
            answer = handler(request, user, *parts)
        except Complaint as complaint:
            answer = complaint.answer(language)
        answer.headers |= cookies
        return answer


def _condition(pattern: str) -> Callable[[Release], bool]:
    """Return the test whether a release has the paths of a pattern."""
    found = (has for path, has in _HAS.items() if pattern.startswith(path))
    return next(found, lambda release: True)


def _key(request: Request) -> str:
    """Return the key that a request brings; raise Complaint when it brings none."""
    headers = {"WWW-Authenticate": 'Token realm="api"'}
    scheme, *rest = request.headers.get("authorization", "").split() or [""]
    if scheme.lower() != "bearer":
        raise errors.plain(401, errors.NO_CREDENTIALS, headers=headers)
    if not rest:
        raise errors.plain(401, "Invalid token header. No credentials provided.", headers=headers)
    if len(rest) > 1:
        raise errors.plain(
            401, "Invalid token header. Token string should not contain spaces.", headers=headers
        )
    return rest[0]


def _accepts_json(request: Request) -> bool:
    accepted = [part.partition(";")[0].strip() for part in request.headers.get("accept", "*/*").split(",")]
    return any(part in {"", "*/*", "application/*", "application/json"} for part in accepted)


def _cookies(key: str) -> dict[str, str]:
    """Return what the server really does with every key: it hands it back, in clear, for its file service."""
    expires = dt.datetime.now(dt.UTC) + dt.timedelta(days=_COOKIE_DAYS)
    attributes = f"expires={expires:%a, %d %b %Y %H:%M:%S} GMT; HttpOnly; Path=/; SameSite=Lax; Secure"
    # Two headers of one name: it is written in two ways because the table of headers has each name once.
    return {
        "Set-Cookie": f"file_service_auth={key}; Max-Age={_COOKIE_DAYS * 86400}; {attributes}",
        "set-cookie": f"sessionid=sandbox-session; Max-Age=1209600; {attributes}",
    }
