"""The files of releases that know them by ids: announced, uploaded to a store of signed URLs, and published."""

from __future__ import annotations

from typing import Any

from sandbox.current import errors
from sandbox.current.routing import Routes, json_object, whole_number
from sandbox.errors import Refused
from sandbox.files import SIZE_LIMIT, FileStore, object_url
from sandbox.shapes import Record
from sandbox.state import Attachment, State
from sandbox.wire import MAX_BODY, Answer, Request, json_answer

# As the server writes it.
NO_STORAGE = "Saving files is not available, file storage does't configured. Contact support."
_PREFIX_CHARACTERS = 30


class Attachments:
    """Answers the requests in ``routes``; the store is that of the documented dialect."""

    def __init__(self, state: State, store: FileStore) -> None:
        self._state = state
        self._store = store
        self.routes: Routes = {
            "/workflows/attachments": {"POST": self._announce},
            "/workflows/attachments/([0-9]+)": {},
            "/workflows/attachments/([0-9]+)/publish": {"POST": self._publish},
        }

    def _announce(self, request: Request, user: Record) -> Answer:
        self._refuse_without_storage()
        body = json_object(request)
        given = {
            "filename": _text(body, "filename"),
            "content_type": _text(body, "content_type"),
            "size": _size(body),
            "thumbnail": bool(body.get("thumbnail")),
        }
        try:
            answer = self._store.announce(given, host=request.host)
        except Refused:
            raise errors.wrong_key("filename", "Not a valid string.") from None
        self._state.attachments[answer["id"]].uploaded_by = user["id"]
        return json_answer(answer)

    def _publish(self, request: Request, user: Record, id_text: str) -> Answer:
        """Make a file public, whether or not it was uploaded: the server does not ask the store."""
        self._refuse_without_storage()
        request.read(MAX_BODY)
        with self._state.lock:
            attachment = self._state.attachments.get(whole_number(id_text) or 0)
            if attachment is None:
                raise errors.not_found()
            attachment.is_public = True
            return json_answer(attachment_object(attachment, self._state))

    def _refuse_without_storage(self) -> None:
        if not self._state.settings.has_object_storage:
            raise errors.forbidden(NO_STORAGE)


def attachment_object(attachment: Attachment, state: State) -> Record:
    """Return a file as publishing answers with it, and answers of workflows list it."""
    return {
        "id": attachment.id,
        "name": shown_name(attachment, state),
        "url": stored_url(attachment, state),
        "thumbnail_url": object_url(state.files_url, "file-thumbnails", attachment)
        if attachment.wants_thumbnail
        else None,
        "size": attachment.size,
    }


def shown_name(attachment: Attachment, state: State) -> str:
    """Return a file's name; the oldest release shows the name that the store has for it."""
    if not state.release.has_prefixed_names:
        return attachment.name
    prefix = attachment.uuid.replace("-", "")[:_PREFIX_CHARACTERS]
    return f"{prefix}_{attachment.name}"


def stored_url(attachment: Attachment, state: State) -> str:
    """Return where the store has a file; the link works once the file is public."""
    return object_url(state.files_url, "files", attachment)


def _text(body: Record, key: str) -> str:
    value = body.get(key)
    if value is None:
        raise errors.wrong_key(key, errors.REQUIRED)
    if not isinstance(value, str):
        raise errors.wrong_key(key, "Not a valid string.")
    if not value.strip():
        raise errors.wrong_key(key, errors.BLANK)
    return value


def _size(body: Record) -> int:
    value: Any = body.get("size")
    if value is None:
        raise errors.wrong_key("size", errors.REQUIRED)
    try:
        size = int(value)
    except (TypeError, ValueError):
        raise errors.wrong_key("size", "A valid integer is required.") from None
    if size >= SIZE_LIMIT:
        raise errors.wrong_key("size", "Ensure this value is less than or equal to {most}.", most=SIZE_LIMIT)
    return size
