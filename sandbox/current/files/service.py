"""The file service of releases since 7: it takes uploads with the API key, and gives a file to those who may see it.

It is a separate program next to the API, with its own errors. It knows only keys that the API was called with, and it
listens where the upload store of the documented dialect does.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections import deque
from collections.abc import Iterable
from urllib.parse import quote

from sandbox.current import errors, listing
from sandbox.current.access import takes_part
from sandbox.current.routing import Routes, json_object, no_content
from sandbox.errors import Refused
from sandbox.settings import Settings
from sandbox.shapes import Record, file_answers
from sandbox.state import Attachment, State, encode
from sandbox.wire import Answer, Request, json_answer

from .multipart import BrokenBody, Upload, receive

_RANGE = re.compile(r"bytes=([0-9]{1,15})-([0-9]{0,15})")
_UNSAFE = re.compile(r"[^\w.\- ]")
_GAPS = re.compile(r"[\s_]+")
# What a browser would run if it were shown as what it says to be.
_RUNNING_TYPES = re.compile(
    r"text/(html|xml|javascript|ecmascript)|.*(\+xml|/javascript|/x-javascript|/ecmascript)"
)
_PAGE = 20
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
}


class FileService:
    """Receives files and gives them back; files belong to those who uploaded them until a workflow holds them."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._limit = UploadLimit()
        self.routes: Routes = {  # of the API, which list attachments
            "/attachments": {"GET": self.list_held},
            "/attachments/check-permission": {"POST": self.check_permission},
        }

    def answer(self, request: Request) -> Answer:
        """Return the answer to a request; its headers are those of this service, errors included."""
        try:
            answer = self._answer(request)
        except Refused as refused:
            answer = refused.answer
        answer.headers.update(_HEADERS)
        return answer

    def list_held(self, request: Request, user: Record) -> Answer:
        """Answer with the files of workflows that the user may see, the newest first, always in pages."""
        window = listing.Window(
            listing.number(request.query, "limit", _PAGE) or _PAGE, listing.number(request.query, "offset", 0)
        )
        with self._state.lock:
            held = self._held()
            rows = {id_: self._row(id_, uuid) for id_, uuid in enumerate(held, start=1)}
            seen = [id_ for id_, row in rows.items() if self._is_seen(held[row["file_id"]], user)]
            return listing.page(request, seen[::-1], window, lambda id_: encode(rows[id_]), always=True)

    def check_permission(self, request: Request, user: Record) -> Answer:
        """Answer 204 when a workflow lets the user see a file, 403 when none does; both are empty."""
        body = json_object(request)
        if not body.get("file_id"):
            raise errors.wrong_key("file_id", errors.REQUIRED)
        with self._state.lock:
            allowed = self._is_seen(self._held().get(body["file_id"], []), user)
        return no_content() if allowed else Answer(403)

    def _row(self, id_: int, uuid: str) -> Record:
        return {
            "id": id_,
            "file_id": uuid,
            "url": f"{self._state.files_url}/{uuid}",
            "access_type": "restricted",
            "source_type": "Workflow",
        }

    def _held(self) -> dict[str, list[Record]]:
        """Return the workflows that hold each file, including links to files that were never uploaded."""
        held: dict[str, list[Record]] = {}
        for workflow in self._state.workflows.values():
            for item in file_answers(workflow):
                held.setdefault(self._uuid(item), []).append(workflow)
        held.pop("", None)  # files that were deleted
        return held

    def _uuid(self, item: int | str) -> str:
        if isinstance(item, str):
            return item.rpartition("/")[2].removesuffix(")")  # the end of a Markdown link
        attachment = self._state.attachments.get(item)
        return attachment.uuid if attachment else ""

    def _is_seen(self, workflows: Iterable[Record], user: Record) -> bool:
        return any(takes_part(user, workflow, self._state) for workflow in workflows)

    def _answer(self, request: Request) -> Answer:
        path = request.path.removeprefix("/")
        if not path or "/" in path:
            raise _refused(404, {"detail": "Not Found"})
        if path == "upload" and request.method == "POST":
            wait = self._limit.wait(request.client, self._state.settings)
            if wait:
                body = {"detail": "Rate limit exceeded", "retry_after": wait}
                raise _refused(429, body, Retry_After=str(wait))
            return self._receive(request, self._user(request))
        if request.method != "GET":
            raise _refused(405, {"detail": "Method Not Allowed"}, Allow="GET")
        return self._give(request, path, self._user(request))

    def _user(self, request: Request) -> Record:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        key = key.strip()
        if scheme.lower() == "bearer" and self._state.keys.is_accepted(key):
            user = self._state.user_of_key(key)
            if user is not None:
                return user
        raise _refused(401, {"code": "AUTH_001", "message": "Authentication failed"})

    def _receive(self, request: Request, user: Record) -> Answer:
        maximum = self._state.settings.upload_maximum
        try:
            upload = receive(request, "file", maximum=maximum)
        except BrokenBody:
            raise _refused(400, {"detail": "There was an error parsing the body"}) from None
        if upload is None:
            reason = "[{'type': 'missing', 'loc': ('body', 'file'), 'msg': 'Field required', 'input': None}]"
            body = {"code": "VAL_002", "message": "Missing required field", "details": {"reason": reason}}
            raise _refused(422, body)
        if upload.stored is None:
            text = f"File size {upload.size} bytes exceeds limit {maximum} bytes"
            raise _refused(413, {"code": "FILE_003", "message": text})
        attachment = self._keep(upload, user)
        return json_answer(
            {"public_url": f"{self._state.files_url}/{attachment.uuid}", "file_id": attachment.uuid}
        )

    def _keep(self, upload: Upload, user: Record) -> Attachment:
        with self._state.lock:
            attachment = Attachment(
                id=next(self._state.attachment_ids),
                name=_safe_name(upload.name),
                content_type=_safe_type(upload.content_type),
                size=upload.size,
                signature=secrets.token_urlsafe(24),
                wants_thumbnail=False,
                file=upload.stored,
                uploaded_by=user["id"],
            )
            self._state.attachments[attachment.id] = attachment
        return attachment

    def _give(self, request: Request, uuid: str, user: Record) -> Answer:
        with self._state.lock:
            found = (item for item in self._state.attachments.values() if item.uuid == uuid)
            attachment = next(found, None)
            if attachment is None or attachment.file is None:
                raise _refused(404, {"code": "FILE_001", "message": f"File with ID '{uuid}' not found"})
            is_own = attachment.uploaded_by == user["id"]
            if not is_own and not self._is_seen(self._held().get(uuid, []), user):
                text = f"User {user['id']} has no access to file '{uuid}'"
                raise _refused(403, {"code": "FILE_002", "message": text})
            content = attachment.file.read()
        name = quote(attachment.name, safe="", errors="replace")
        headers = {"Content-Disposition": f"attachment; filename*=utf-8''{name}", "Accept-Ranges": "bytes"}
        media_type = attachment.content_type
        if media_type.startswith("text/"):
            media_type += "; charset=utf-8"
        wanted = _RANGE.match(request.headers.get("range", ""))
        if wanted is None:
            return Answer(200, content, media_type, headers)
        first, last = int(wanted[1]), min(int(wanted[2] or len(content)), len(content) - 1)
        if first > last:
            return Answer(416, b"", media_type, {"Content-Range": f"bytes */{len(content)}"})
        headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        return Answer(206, content[first : last + 1], media_type, headers)


class UploadLimit:
    """Counts the uploads of each client over a sliding window; it restarts with every change of the settings."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._settings: Settings | None = None
        self._times: dict[str, deque[float]] = {}

    def wait(self, client: str, settings: Settings) -> int:
        """Return 0 and count one more upload, or the whole seconds after which the client may come again."""
        timestamp = time.monotonic()
        with self._lock:
            if self._settings is not settings:
                self._settings, self._times = settings, {}
            if not settings.upload_limit:
                return 0
            times = self._times.setdefault(client, deque())
            while times and times[0] <= timestamp - settings.upload_retry_after:
                times.popleft()
            if len(times) >= settings.upload_limit:
                return settings.upload_retry_after
            times.append(timestamp)
            return 0


def _safe_name(name: str) -> str:
    """Return a file name as the service keeps it: letters of all scripts, digits, dots, dashes; else underscores."""
    return _GAPS.sub("_", _UNSAFE.sub("_", name)).lstrip("._").rstrip(". ") or "unnamed_file"


def _safe_type(content_type: str) -> str:
    media_type = content_type.partition(";")[0].strip().lower()
    return (
        "application/octet-stream" if not media_type or _RUNNING_TYPES.fullmatch(media_type) else media_type
    )


def _refused(status: int, body: Record, **headers: str) -> Refused:
    return Refused(json_answer(body, status, **headers))
