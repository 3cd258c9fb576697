"""Limits on what an upload writes to disk: only files of users who may launch, each below the size limit.

Django reads the body before it calls a view (for the CSRF token), so an upload handler has to enforce them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.db import Error
from django.http import HttpRequest, QueryDict
from django.utils.datastructures import MultiValueDict

from apps.pneumatic.canonical.schemas import FILE_SIZE_LIMIT

# The endpoint of the browser's script accepts one file a request. Its multipart envelope is smaller than this.
MAX_ENVELOPE_BYTES = 64 * 1024
SINGLE_FILE_URL_NAME = "file-upload"


class BoundedUploadHandler(FileUploadHandler):
    """Pass a file to the next handler until it is too large, and record the names of files that are."""

    request: HttpRequest | None

    def handle_raw_input(
        self,
        input_data: IO[bytes],
        META: Mapping[str, Any],  # noqa: N803  (Django's name)
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> tuple[QueryDict, MultiValueDict[str, Any]] | None:
        """Refuse a body that is too large for its endpoint before a byte of it is read."""
        request = self.request
        match = getattr(request, "resolver_match", None)
        if (
            match
            and match.url_name == SINGLE_FILE_URL_NAME
            and content_length >= FILE_SIZE_LIMIT + MAX_ENVELOPE_BYTES
        ):
            _note(request, "", "")
            return QueryDict(), MultiValueDict()
        return None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Skip files of users who may not launch."""
        super().new_file(*args, **kwargs)
        self.received = 0
        setattr(self.request, "came_with_files", True)  # noqa: B010  (not declared by HttpRequest)
        if not self._is_allowed():
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
            _note(self.request, self.field_name or "", self.file_name or "")
            raise SkipFile
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the next handler."""


def oversized(request: HttpRequest) -> MultiValueDict[str, str]:
    """Return the names of the files of this request that were too large, by control ("" where none was read).

    Raise the database's error where it was not possible to look up whether the user may send files.
    """
    request.FILES  # noqa: B018  (reads the body, if it is not read yet)
    if (error := getattr(request, "user_unknown", None)) is not None:
        raise error
    return MultiValueDict(getattr(request, "oversized_files", {}))


def had_files(request: HttpRequest) -> bool:
    """Return whether files came with this request, taken or not."""
    request.FILES  # noqa: B018  (reads the body, if it is not read yet)
    return bool(getattr(request, "came_with_files", False))


def _note(request: HttpRequest | None, control: str, name: str) -> None:
    found: dict[str, list[str]] = getattr(request, "oversized_files", {})
    found.setdefault(control, []).append(name)
    setattr(request, "oversized_files", found)  # noqa: B010  (an attribute that HttpRequest does not declare)
