"""What an upload writes to disk, and under which name: only files of users who may launch, within limits.

Django reads the body before it calls a view (for the CSRF token), so upload handlers have to enforce the limits. They
also keep each name as it was chosen: Django reads HTML entities in it (``budget&notes.xlsx``), takes a backslash for
a path, drops characters that it finds unprintable, and gives a long extension to the temporary file.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import IO, Any

from django.core.files.uploadedfile import TemporaryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, SkipFile, TemporaryFileUploadHandler
from django.db import Error
from django.http import HttpRequest, QueryDict
from django.http.multipartparser import MultiPartParser
from django.utils.datastructures import MultiValueDict

from apps.pneumatic.canonical.schemas import FILE_SIZE_LIMIT

# The endpoint of the browser's script accepts one file a request. Its multipart envelope is smaller than this.
MAX_ENVELOPE_BYTES = 64 * 1024
# Each file of a request is an open temporary file.
MAX_FILES = 100
SINGLE_FILE_URL_NAME = "file-upload"

logger = logging.getLogger(__name__)


class ChosenNamesParser(MultiPartParser):
    """Django's parser without its changes of file names: no name becomes a path here."""

    def sanitize_file_name(self, file_name: str) -> str | None:
        """Return the name with the characters that browsers write as %0A, %0D and %22; None for no name."""
        for written, char in (("%0A", "\n"), ("%0D", "\r"), ("%22", '"')):
            file_name = file_name.replace(written, char)
        return file_name.replace("\0", "\N{REPLACEMENT CHARACTER}") or None


class ChosenNameUploadHandler(TemporaryFileUploadHandler):
    """Write a file to a temporary one that is not called like it; ``chosen_name`` gives its name."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Open a temporary file."""
        FileUploadHandler.new_file(self, *args, **kwargs)
        self.file = TemporaryUploadedFile(
            "file", self.content_type or "", 0, self.charset, self.content_type_extra
        )

    def file_complete(self, file_size: int) -> UploadedFile | None:
        """Return the file with its name."""
        file = super().file_complete(file_size)
        del self.file  # the parser closes it when it skips the next file
        setattr(file, "chosen_name", self.file_name)  # noqa: B010  (its ``name`` can only be a base name)
        return file


def chosen_name(file: UploadedFile) -> str:
    """Return the name of an uploaded file as the user chose it; '' for none."""
    return str(getattr(file, "chosen_name", file.name) or "")


class BoundedUploadHandler(FileUploadHandler):
    """Pass a file to the next handler until it is too large, and record the names of files that are.

    So are files beyond ``MAX_FILES``: the answers that come with them are kept.
    """

    request: HttpRequest | None
    is_parsing = False
    count = 0

    def handle_raw_input(
        self,
        input_data: IO[bytes],
        META: Mapping[str, Any],  # noqa: N803  (Django's name)
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> tuple[QueryDict, MultiValueDict[str, Any]] | None:
        """Parse the body; refuse one that is too large for its endpoint before a byte of it is read."""
        request = self.request
        match = getattr(request, "resolver_match", None)
        if (
            match
            and match.url_name == SINGLE_FILE_URL_NAME
            and content_length >= FILE_SIZE_LIMIT + MAX_ENVELOPE_BYTES
        ):
            _note(request, "oversized_files", "", "")
            return QueryDict(), MultiValueDict()
        if request is None or self.is_parsing:
            return None
        self.is_parsing = True  # the parser calls this method again
        return ChosenNamesParser(META, input_data, request.upload_handlers, encoding).parse()

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Skip files of users who may not launch."""
        super().new_file(*args, **kwargs)
        self.received = 0
        setattr(self.request, "came_with_files", True)  # noqa: B010  (not declared by HttpRequest)
        if not self._is_allowed():
            raise SkipFile
        self.count += 1
        if self.count > MAX_FILES:
            _note(self.request, "surplus_files", self.field_name or "", self.file_name or "")
            raise SkipFile

    def _is_allowed(self) -> bool:
        user = getattr(self.request, "user", None)
        try:
            return user is not None and user.has_perm("launches.launch_workflow")
        except Error as error:
            # The answers come after the file in the body. They are read to be kept, and then the request fails.
            setattr(self.request, "user_unknown", error)  # noqa: B010  (not declared by HttpRequest)
            return False

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Pass the chunk on, or drop the whole file when it reaches the limit."""
        self.received += len(raw_data)
        if self.received >= FILE_SIZE_LIMIT:
            _note(self.request, "oversized_files", self.field_name or "", self.file_name or "")
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the next handler."""


class SparingUploadHandler(ChosenNameUploadHandler):
    """Write a file to the disk, and record the names of files for which it has no room.

    The rest of the body is still read, because answers come after the file.
    """

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Open a temporary file."""
        try:
            super().new_file(*args, **kwargs)
        except OSError as error:
            self._give_up(error)
            raise SkipFile from None

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write a chunk."""
        try:
            super().receive_data_chunk(raw_data, start)
        except OSError as error:
            self._give_up(error)
            raise SkipFile from None

    def file_complete(self, file_size: int) -> UploadedFile | None:
        """Return the file, None where its end could not be written."""
        try:
            return super().file_complete(file_size)
        except OSError as error:
            self._give_up(error)
            return None

    def _give_up(self, error: OSError) -> None:
        logger.error("A temporary file could not be written: %s", error.strerror or type(error).__name__)
        if hasattr(self, "file"):
            with suppress(OSError):  # what is left in its buffer cannot be written either
                self.file.close()
            del self.file
        _note(self.request, "unstored_files", self.field_name or "", self.file_name or "")


def oversized(request: HttpRequest) -> MultiValueDict[str, str]:
    """Return the names of the files of this request that were too large, by control ("" where none was read).

    Raise the database's error where it was not possible to look up whether the user may send files.
    """
    return _skipped(request, "oversized_files")


def surplus(request: HttpRequest) -> MultiValueDict[str, str]:
    """Return the names of the files of this request beyond ``MAX_FILES``, by control; raise like ``oversized``."""
    return _skipped(request, "surplus_files")


def unstored(request: HttpRequest) -> MultiValueDict[str, str]:
    """Return the names of the files for which the server had no room, by control; raise like ``oversized``."""
    return _skipped(request, "unstored_files")


def _skipped(request: HttpRequest, kind: str) -> MultiValueDict[str, str]:
    request.FILES  # noqa: B018  (reads the body, if it is not read yet)
    if (error := getattr(request, "user_unknown", None)) is not None:
        raise error
    return MultiValueDict(getattr(request, kind, {}))


def had_files(request: HttpRequest) -> bool:
    """Return whether files came with this request, taken or not."""
    request.FILES  # noqa: B018  (reads the body, if it is not read yet)
    return bool(getattr(request, "came_with_files", False))


def _note(request: HttpRequest | None, kind: str, control: str, name: str) -> None:
    found: dict[str, list[str]] = getattr(request, kind, {})
    found.setdefault(control, []).append(name)
    setattr(request, kind, found)
