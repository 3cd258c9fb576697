"""Read one file out of a ``multipart/form-data`` body while it comes in, without holding it in memory."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from sandbox.state import StoredFile
from sandbox.wire import Request

KEPT_IN_MEMORY = 1024 * 1024
_CHUNK = 256 * 1024
_MAX_HEAD = 16 * 1024
_BOUNDARY = re.compile(r'boundary=(?:"([^"]{1,200})"|([^\s;"]{1,200}))')
_NAME = re.compile(r'(?:^|[;\s])name="((?:[^"\\]|\\.)*)"')
_FILE_NAME = re.compile(r'filename="((?:[^"\\]|\\.)*)"')
_ENCODED_FILE_NAME = re.compile(r"filename\*=utf-8'[^']*'([^\s;]+)", re.IGNORECASE)


class BrokenBody(Exception):
    """The body is not what its Content-Type says."""


@dataclass(slots=True)
class Upload:
    """A file that came: ``name`` and ``content_type`` as they were sent, and the bytes.

    Of a file that is larger than allowed, ``stored`` is None and ``size`` how large it is.
    """

    name: str
    content_type: str
    size: int
    stored: StoredFile | None


def receive(request: Request, part: str, *, maximum: int) -> Upload | None:
    """Return the file in the part of this name, None when there is none; raise BrokenBody.

    A body of another type has no parts. A file of more than ``maximum`` bytes is read to its end, not kept.
    """
    media_type = request.headers.get("content-type", "")
    boundary = _BOUNDARY.search(media_type)
    if not media_type.lower().startswith("multipart/form-data") or boundary is None:
        return None
    delimiter = b"--" + (boundary[1] or boundary[2]).encode("latin-1")
    reader = _Reader(request)
    reader.until(delimiter, _ignore)
    found: Upload | None = None
    while reader.take(2) != b"--":
        head = _Head()
        reader.until(b"\r\n\r\n", head.add)
        name, file_name, content_type = head.read()
        if found is not None or name != part or file_name is None:
            reader.until(b"\r\n" + delimiter, _ignore)
            continue
        sink = _Sink(maximum)
        try:
            reader.until(b"\r\n" + delimiter, sink.add)
        except BaseException:
            sink.content.close()
            raise
        found = sink.upload(file_name, content_type)
    return found


class _Reader:
    """The body as a stream of bytes between delimiters."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._buffer = b""

    def take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._more()
        taken, self._buffer = self._buffer[:size], self._buffer[size:]
        return taken

    def until(self, delimiter: bytes, add: Callable[[bytes], None]) -> None:
        """Hand what precedes the delimiter to ``add``, in pieces, and continue behind it."""
        while (place := self._buffer.find(delimiter)) < 0:
            # Its end may be the beginning of the delimiter.
            kept = len(delimiter) - 1
            if len(self._buffer) > kept:
                add(self._buffer[:-kept])
                self._buffer = self._buffer[-kept:]
            self._more()
        add(self._buffer[:place])
        self._buffer = self._buffer[place + len(delimiter) :]

    def _more(self) -> None:
        if not self._request.unread:
            raise BrokenBody
        self._buffer += self._request.take(_CHUNK)


class _Head:
    """The headers of a part."""

    def __init__(self) -> None:
        self._data = b""

    def add(self, piece: bytes) -> None:
        self._data += piece
        if len(self._data) > _MAX_HEAD:
            raise BrokenBody

    def read(self) -> tuple[str, str | None, str]:
        """Return the name, the file name if the part is a file, and the media type."""
        headers: dict[str, str] = {}
        for line in self._data.decode(errors="replace").split("\r\n"):
            key, _, value = line.partition(":")
            headers[key.strip().lower()] = value.strip()
        disposition = headers.get("content-disposition", "")
        name, plain = _NAME.search(disposition), _FILE_NAME.search(disposition)
        encoded = _ENCODED_FILE_NAME.search(disposition)
        file_name = unquote(encoded[1]) if encoded else _unescaped(plain[1]) if plain else None
        return _unescaped(name[1]) if name else "", file_name, headers.get("content-type", "")


class _Sink:
    """Takes the bytes of a file."""

    def __init__(self, maximum: int) -> None:
        # Large files go to an unnamed file that the system removes automatically.
        self.content = tempfile.SpooledTemporaryFile(max_size=KEPT_IN_MEMORY)  # noqa: SIM115 - closed by its last user
        self._maximum = maximum
        self._size = 0
        self._digest = hashlib.sha256()

    def add(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size <= self._maximum:
            self._digest.update(piece)
            self.content.write(piece)

    def upload(self, name: str, content_type: str) -> Upload:
        if self._size > self._maximum:
            self.content.close()
            return Upload(name, content_type, self._size, None)
        stored = StoredFile(self._size, self._digest.hexdigest(), content_type, self.content)
        return Upload(name, content_type, self._size, stored)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _ignore(piece: bytes) -> None:
    """Drop the bytes."""
