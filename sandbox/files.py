"""Attachments and the upload store, which listens on a separate port as storage services have a separate origin.

An upload URL is signed and knows nothing of API keys: a request that brings one has leaked it, is refused and counted.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import tempfile
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from .errors import Problem, Refused, invalid, refuse
from .shapes import Record
from .state import Attachment, State, StoredFile
from .wire import Answer, Request

SIZE_LIMIT = 104_857_600
KEPT_IN_MEMORY = 1024 * 1024
_CHUNK = 256 * 1024
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+\-]+/[\w!#$&^.+\-]+(\s*;.*)?", re.ASCII)
_OBJECT = re.compile(r"/(uploads|thumbnails|files|file-thumbnails)/([0-9]{1,18})/[^/]+")
_ANNOUNCE_KEYS = {"filename", "content_type", "size", "thumbnail"}


class FileStore:
    """Announces attachments on the API's side, and receives and serves them on the store's port."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.port = 0
        self.host = "127.0.0.1"  # the host in the links of payloads, which no request named

    def announce(self, body: Any, *, host: str) -> Record:
        """Return the id and signed upload URLs of a new attachment; raise Refused when ``body`` is wrong."""
        if not isinstance(body, dict):
            raise invalid([Problem("body", "Send a JSON object.")])
        problems = _announce_problems(body)
        if problems:
            raise invalid(problems)
        with self._state.lock:
            attachment = Attachment(
                id=next(self._state.attachment_ids),
                name=body["filename"],
                content_type=body["content_type"],
                size=body["size"],
                signature=secrets.token_urlsafe(24),
                wants_thumbnail=bool(body.get("thumbnail"))
                and body["content_type"].lower().startswith("image/"),
            )
            self._state.attachments[attachment.id] = attachment
        return {
            "id": attachment.id,
            "file_upload_url": object_url(self._origin(host), "uploads", attachment),
            "thumbnail_upload_url": object_url(self._origin(host), "thumbnails", attachment)
            if attachment.wants_thumbnail
            else None,
        }

    def publish(self, id_: int, *, host: str) -> Record:
        """Make an uploaded attachment public and return its links; raise Refused when that is not possible."""
        with self._state.lock:
            attachment = self._state.attachments.get(id_)
            if attachment is None:
                raise refuse(404, "Not found.")
            if attachment.file is None:
                raise invalid([Problem("id", "The file was announced, but never uploaded.")])
            attachment.is_public = True
        origin = self._origin(host)
        return {
            "id": attachment.id,
            "name": attachment.name,
            "url": object_url(origin, "files", attachment),
            "thumbnail_url": object_url(origin, "file-thumbnails", attachment)
            if attachment.thumbnail
            else None,
            "size": attachment.file.size,
        }

    def make(self, name: str) -> int:
        """Put a small public text file into the store, as if a person had uploaded it, and return its id."""
        text = f"{name}\n\nMade up by the sandbox.\n".encode(errors="replace")
        content = tempfile.SpooledTemporaryFile(max_size=KEPT_IN_MEMORY)  # noqa: SIM115 - as in _store
        content.write(text)
        stored = StoredFile(len(text), hashlib.sha256(text).hexdigest(), "text/plain", content)
        with self._state.lock:
            id_ = next(self._state.attachment_ids)
            self._state.attachments[id_] = Attachment(
                id=id_,
                name=name,
                content_type="text/plain",
                size=len(text),
                signature=secrets.token_urlsafe(24),
                wants_thumbnail=False,
                file=stored,
                is_public=True,
            )
        return id_

    def link(self, id_: int) -> Record:
        """Return an attachment as an answered field lists it; the link works once the file is public."""
        attachment = self._state.attachments.get(id_)
        if attachment is None:
            return {"id": id_, "name": "", "url": ""}
        url = object_url(f"http://{self.host}:{self.port}", "files", attachment)
        return {"id": id_, "name": attachment.name, "url": url}

    def answer(self, request: Request) -> Answer:
        """Return the store's answer to a PUT or GET of an object; raise Refused with an XML error."""
        if "authorization" in request.headers:
            raise _store_error(
                400,
                "UnexpectedAuthorization",
                "A signed URL needs no Authorization header: keep keys out of here.",
            )
        match = _OBJECT.fullmatch(request.path)
        if match is None:
            raise _store_error(404, "NoSuchKey", "There is no such object.")
        kind, id_text = match.groups()
        method = "PUT" if kind in {"uploads", "thumbnails"} else "GET"
        if request.method != method:
            raise _store_error(405, "MethodNotAllowed", f"Use {method} here.")
        with self._state.lock:
            attachment = self._state.attachments.get(int(id_text))
        signature = request.query.get("signature", "")
        if attachment is None or not hmac.compare_digest(signature.encode(), attachment.signature.encode()):
            raise _store_error(403, "SignatureDoesNotMatch", "The signature does not match this object.")
        if method == "GET":
            return _download(attachment, thumbnail=kind == "file-thumbnails")
        return self._receive(request, attachment, thumbnail=kind == "thumbnails")

    def _receive(self, request: Request, attachment: Attachment, *, thumbnail: bool) -> Answer:
        if thumbnail and not attachment.wants_thumbnail:
            raise _store_error(403, "SignatureDoesNotMatch", "No thumbnail was announced for this object.")
        if request.headers.get("content-type", "") != attachment.content_type:
            raise _store_error(
                403, "SignatureDoesNotMatch", f"The URL is signed for Content-Type {attachment.content_type}."
            )
        if "content-length" not in request.headers:
            raise _store_error(411, "MissingContentLength", "Send a Content-Length.")
        if request.unread >= SIZE_LIMIT:
            raise _store_error(413, "EntityTooLarge", f"An object must be smaller than {SIZE_LIMIT} bytes.")
        if not thumbnail and request.unread != attachment.size:
            raise _store_error(
                400,
                "SizeMismatch",
                f"{attachment.size} bytes were announced, {request.unread} are being sent.",
            )
        stored = _store(request, attachment.content_type)
        with self._state.lock:
            if self._state.attachments.get(attachment.id) is not attachment:
                stored.close()
                raise _store_error(404, "NoSuchKey", "The attachment was forgotten in between.")
            replaced = attachment.thumbnail if thumbnail else attachment.file
            if thumbnail:
                attachment.thumbnail = stored
            else:
                attachment.file = stored
        if replaced is not None:
            replaced.close()
        return Answer(200, b"", "text/plain", {"ETag": f'"{stored.sha256[:32]}"'})

    def _origin(self, host: str) -> str:
        # The name of the machine as the client knows it, with the store's own port.
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        return f"http://{name}:{self.port}"


def object_url(origin: str, kind: str, attachment: Attachment) -> str:
    """Return the signed URL of an object: of ``uploads``, ``thumbnails``, ``files`` or ``file-thumbnails``."""
    path = f"/{kind}/{attachment.id}/{quote(attachment.name, safe='', errors='replace')}"
    return f"{origin}{path}?signature={attachment.signature}"


def _announce_problems(body: Record) -> list[Problem]:
    problems = [Problem(str(key), "Unknown key.") for key in body if key not in _ANNOUNCE_KEYS]
    if not _is_file_name(body.get("filename")):
        problems.append(
            Problem(
                "filename", "Send a file name of 1 to 255 characters, without slashes or control characters."
            )
        )
    media_type = body.get("content_type")
    if not isinstance(media_type, str) or not _MEDIA_TYPE.fullmatch(media_type):
        problems.append(Problem("content_type", "Send a media type like image/png."))
    size = body.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < SIZE_LIMIT:
        problems.append(Problem("size", f"Send the size in bytes, less than {SIZE_LIMIT}."))
    if not isinstance(body.get("thumbnail", False), bool):
        problems.append(Problem("thumbnail", "Send true or false."))
    return problems


def _is_file_name(name: Any) -> bool:
    return (
        isinstance(name, str)
        and 0 < len(name) <= 255
        and not re.search(r"[/\x00-\x1f\x7f]", name)
        and name.strip() not in {"", ".", ".."}
    )


def _store(request: Request, content_type: str) -> StoredFile:
    digest = hashlib.sha256()
    size = request.unread
    # Large files go to an unnamed file that the system removes automatically.
    content = tempfile.SpooledTemporaryFile(max_size=KEPT_IN_MEMORY)  # noqa: SIM115 - closed with the last reference
    try:
        while request.unread:
            piece = request.take(_CHUNK)
            digest.update(piece)
            content.write(piece)
    except BaseException:
        content.close()
        raise
    return StoredFile(size, digest.hexdigest(), content_type, content)


def _download(attachment: Attachment, *, thumbnail: bool) -> Answer:
    stored = attachment.thumbnail if thumbnail else attachment.file
    if not attachment.is_public or stored is None:
        raise _store_error(403, "AccessDenied", "This file was not made public.")
    name = quote(attachment.name, safe="", errors="replace")
    return Answer(
        200,
        stored.read(),
        stored.content_type,
        # Uploaded content must never run as a page of this origin.
        {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", "X-Content-Type-Options": "nosniff"},
    )


def _store_error(status: int, code: str, message: str) -> Refused:
    """Return an error as storage services write it: XML."""
    body = f"<Error><Code>{code}</Code><Message>{escape(message)}</Message></Error>"
    return Refused(
        Answer(status, ("<?xml version='1.0'?>" + body).encode(errors="replace"), "application/xml")
    )
