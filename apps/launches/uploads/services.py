"""Upload files to Pneumatic, and store what a launch needs to refer to them.

A file is never read into memory: it is streamed from a temporary file (``handler.py``).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import math
import mimetypes
import re
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import IO, cast

from django.core.files.uploadedfile import UploadedFile as IncomingFile
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.models import User
from apps.core.database import clock
from apps.core.identifiers import read_uuid
from apps.core.text.folding import fold
from apps.kickoff.lookups import StoredFile
from apps.launches.models import UploadedFile
from apps.launches.uploads import thumbnails
from apps.launches.uploads.handler import MAX_FILES, chosen_name
from apps.launches.uploads.throttle import UploadThrottle
from apps.pneumatic.canonical.schemas import FILE_SIZE_LIMIT, PublicFile
from apps.pneumatic.client import OpenClient
from apps.pneumatic.errors import (
    AuthenticationFailed,
    ConfigurationError,
    Contradicted,
    PermissionDenied,
    PneumaticError,
    RateLimited,
    ValidationFailed,
)

logger = logging.getLogger(__name__)

DEFAULT_WAIT_SECONDS = 60  # where Pneumatic sends no Retry-After
MAX_WAIT_SECONDS = 900  # the page counts down no longer wait
# A form that is open for longer needs its files again.
UNUSED_RETENTION = dt.timedelta(days=30)
_CHUNK_BYTES = 1024 * 1024
Reservations = Callable[[], "QuerySet[Model]"]
_reservations: list[Reservations] = []
_CONTENT_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")


class UploadError(Exception):
    """A file did not reach Pneumatic; ``str()`` names the file and says why."""


class TooLargeError(UploadError):
    """The file is too large."""


class UploadsBusyError(UploadError):
    """The upload limit of Pneumatic is reached; ``retry_after`` is in seconds."""

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def store(
    *,
    user: User,
    incoming: IncomingFile,
    open_client: OpenClient,
    throttle: UploadThrottle | None = None,
    name: str = "",
) -> UploadedFile:
    """Upload ``incoming`` to Pneumatic and return its row. Raise UploadError; no row is left behind then.

    ``name`` is the file's name where a script sent it: exactly, while a multipart body has ``%22`` for ``"``. Where
    Pneumatic asks to wait, ``throttle`` waits; without it, or when it ends, UploadsBusyError is raised.
    """
    name = name or chosen_name(incoming) or _("unnamed file")
    size = incoming.size or 0
    check_size(name=name, size=size)
    content_type = clean_content_type(incoming.content_type, name=name)
    stream = cast(IO[bytes], incoming.file)
    try:
        public = _upload(
            stream,
            name=name,
            content_type=content_type,
            size=size,
            open_client=open_client,
            throttle=throttle,
        )
    except PneumaticError as error:
        logger.warning("An upload failed: %s", type(error).__name__)
        raise _upload_error(error, name=name) from error
    except OSError as error:
        logger.exception("A temporary file could not be read")
        raise UploadError(failure(name=name, why=_("the dashboard could not read it again"))) from error
    return UploadedFile.objects.create(
        owner=user,
        name=name,
        content_type=content_type,
        size=size,
        sha256=_sha256(stream),
        attachment_id=public.id,
        url=public.url,
        thumbnail_url=public.thumbnail_url,
        created_at=clock.now(),
        search=fold(name),
    )


def keep(*, user: User, attachment_ids: Sequence[str]) -> None:
    """Mark these files of ``user`` as used by a launch: they are never deleted."""
    if attachment_ids:
        UploadedFile.objects.filter(owner=user, attachment_id__in=attachment_ids).update(is_used=True)


def reserve(*, user: User, upload_ids: Collection[uuid.UUID], reserved_for: uuid.UUID) -> None:
    """Keep these files of ``user`` as long as the row ``reserved_for`` exists (``register_reservations``)."""
    if upload_ids:
        UploadedFile.objects.filter(owner=user, pk__in=upload_ids).update(reserved_for=reserved_for)


def register_reservations(rows: Reservations) -> None:
    """Keep files that are reserved for one of ``rows()``."""
    if rows not in _reservations:
        _reservations.append(rows)


def unused_files() -> QuerySet[UploadedFile]:
    """Select old files that no launch uses and nothing reserves: their rows are deleted. Pneumatic keeps the files."""
    unused = UploadedFile.objects.filter(is_used=False, created_at__lt=clock.now() - UNUSED_RETENTION)
    for rows in _reservations:
        unused = unused.filter(~Exists(rows().filter(pk=OuterRef("reserved_for"))))
    return unused


def check_size(*, name: str, size: int) -> None:
    """Raise UploadError where a file of ``size`` bytes is too large or empty."""
    if size >= FILE_SIZE_LIMIT:
        raise TooLargeError(too_large(name))
    if size <= 0:
        # An empty file is a mistake: a download that did not finish, a wrong drag.
        raise UploadError(failure(name=name, why=_("it is empty")))


def too_large(name: str) -> str:
    """Return the sentence for a file above the limit."""
    return failure(name=name, why=_("it is too large; a file must be smaller than 100 MB"))


def too_many(name: str) -> str:
    """Return the sentence for a file above the number of files of a request."""
    return failure(
        name=name, why=_("only %(count)d files can be sent at once; add it now") % {"count": MAX_FILES}
    )


def no_room(name: str) -> str:
    """Return the sentence for a file that the server cannot store for the time of its upload."""
    return failure(name=name, why=_("the server has no room for it; contact an administrator"))


def failure(*, name: str, why: str) -> str:
    """Return the sentence that names a file and says why it was not uploaded."""
    return _("“%(name)s” was not uploaded: %(why)s.") % {"name": name, "why": why}


def clean_content_type(announced: str | None, *, name: str) -> str:
    """Return a content type that is safe to send as a header: the browser's if it is one, else a guess by name."""
    candidate = (announced or "").split(";")[0].strip().lower()
    if _CONTENT_TYPE.fullmatch(candidate) and len(candidate) <= 127:
        return candidate
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


@dataclass(frozen=True, slots=True)
class OwnFiles:
    """The files of one user (``kickoff.lookups.FileLookup``): the ids of other users' files are not found."""

    user: User

    def files(self, ids: Sequence[str]) -> list[StoredFile]:
        """Return the files with these upload ids, in that order; others are left out."""
        wanted = [known for known in map(read_uuid, ids) if known is not None]
        found = UploadedFile.objects.filter(owner=self.user).in_bulk(wanted)
        return [as_answer(found[id_]) for id_ in dict.fromkeys(wanted) if id_ in found]


def as_answer(file: UploadedFile) -> StoredFile:
    """Return an uploaded file as the value of an answer."""
    return StoredFile(
        id=file.attachment_id,
        name=file.name,
        url=file.url,
        size=file.size,
        upload_id=str(file.pk),
        thumbnail_url=file.thumbnail_url,
    )


def _upload(
    stream: IO[bytes],
    *,
    name: str,
    content_type: str,
    size: int,
    open_client: OpenClient,
    throttle: UploadThrottle | None,
) -> PublicFile:
    client = open_client()
    needs_thumbnail = client.capabilities.thumbnails
    thumbnail = thumbnails.make(stream, content_type=content_type) if needs_thumbnail else None
    while True:
        stream.seek(0)
        try:
            return client.upload(
                stream, filename=name, content_type=content_type, size=size, thumbnail=thumbnail
            )
        except RateLimited as error:
            seconds = error.retry_after
            if throttle is None or seconds is None or not throttle.wait(seconds):
                raise


def _sha256(stream: IO[bytes]) -> str:
    stream.seek(0)
    digest = hashlib.sha256()
    while chunk := stream.read(_CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


def _upload_error(error: PneumaticError, *, name: str) -> UploadError:
    """Return what ``error`` means for the file called ``name``."""
    if isinstance(error, RateLimited):
        return _busy(error, name=name)
    if isinstance(error, ValidationFailed) and error.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return TooLargeError(too_large(name))
    return UploadError(failure(name=name, why=_reason(error)))


def _busy(error: RateLimited, *, name: str) -> UploadError:
    seconds = math.ceil(error.retry_after) if error.retry_after else DEFAULT_WAIT_SECONDS
    if seconds > MAX_WAIT_SECONDS:
        return UploadError(failure(name=name, why=_("Pneumatic accepts no more files now; try again later")))
    why = ngettext(
        "Pneumatic accepts only some files a minute; choose it again in %(seconds)d second",
        "Pneumatic accepts only some files a minute; choose it again in %(seconds)d seconds",
        seconds,
    ) % {"seconds": seconds}
    return UploadsBusyError(failure(name=name, why=why), retry_after=seconds)


def _reason(error: PneumaticError) -> str:
    match error:
        case ValidationFailed():
            said = " ".join(reason for reasons in error.errors.values() for reason in reasons)
            return _("Pneumatic rejected it (%(said)s)") % {"said": said.rstrip(".")}
        case ConfigurationError() | Contradicted():
            return error.message.rstrip(".")
        case AuthenticationFailed():
            return _("the dashboard's access to Pneumatic is not set up correctly; contact an administrator")
        case PermissionDenied():
            return _("the dashboard's API key may not upload files; contact an administrator")
    return _("Pneumatic did not accept it; try again")
