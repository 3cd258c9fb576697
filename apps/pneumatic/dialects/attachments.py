"""Upload a file as an attachment: announce it, PUT it to the storage, make it public.

The documented API and the releases of the current API before 7.0 have this, with another name for the last step.
"""

from __future__ import annotations

import io
import logging
from typing import Any

from django.views.decorators.debug import sensitive_variables

from apps.pneumatic.canonical.schemas import PublicFile, Upload, UploadTicket
from apps.pneumatic.errors import PneumaticError
from apps.pneumatic.transport import file_storage
from apps.pneumatic.transport.api import Transport
from apps.pneumatic.transport.parsing import Node

logger = logging.getLogger(__name__)

PATH = "/workflows/attachments"


def announcement(upload: Upload) -> dict[str, Any]:
    """Return the body that announces a file."""
    return {
        "filename": upload.filename,
        "content_type": upload.content_type,
        "size": upload.size,
        "thumbnail": upload.thumbnail is not None,
    }


def store(transport: Transport, ticket: UploadTicket, upload: Upload) -> None:
    """Send an announced file and its thumbnail to the storage; raise PneumaticError."""
    _put(transport, ticket.file_upload_url, upload)
    if upload.thumbnail is not None and ticket.thumbnail_upload_url:
        try:
            _put(transport, ticket.thumbnail_upload_url, _thumbnail(upload, upload.thumbnail))
        except PneumaticError as error:  # the upload succeeds without it
            logger.warning("A thumbnail was not stored: %s", type(error).__name__)


def parse_ticket(node: Node) -> UploadTicket:
    """Parse the response to the announcement of a file (Upload file for attachment)."""
    return UploadTicket(
        id=node.integer("id"),
        file_upload_url=node.text("file_upload_url"),
        thumbnail_upload_url=node.text_or_empty("thumbnail_upload_url") or None,
    )


def parse_public_file(node: Node) -> PublicFile:
    """Parse a file that was made public (Make file public)."""
    return PublicFile(
        id=str(node.integer("id")),
        name=node.text("name"),
        url=node.text("url"),
        thumbnail_url=node.text_or_empty("thumbnail_url"),
        size=node.integer_or_none("size") or 0,
    )


@sensitive_variables("url")
def _put(transport: Transport, url: str, upload: Upload) -> None:
    transport.count_request()
    file_storage.put(
        url, upload.stream, content_type=upload.content_type, size=upload.size, timeout=transport.timeout
    )


def _thumbnail(upload: Upload, picture: bytes) -> Upload:
    return Upload(io.BytesIO(picture), upload.filename, upload.content_type, len(picture))
