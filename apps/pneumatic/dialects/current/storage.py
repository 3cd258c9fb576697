"""Upload a file to a release before 7.0, which has no file service: announce it, PUT it, publish it."""

from __future__ import annotations

import dataclasses
from http import HTTPStatus

from django.utils.translation import gettext as _

from apps.pneumatic.canonical.schemas import PublicFile, Upload, UploadTicket
from apps.pneumatic.dialects import attachments
from apps.pneumatic.errors import ConfigurationError, NotFound, PermissionDenied, ValidationFailed
from apps.pneumatic.transport.api import Transport
from apps.pneumatic.transport.parsing import Node


def upload(transport: Transport, upload: Upload) -> PublicFile:
    """Upload a file; raise ConfigurationError where the server has no storage, or another PneumaticError."""
    ticket = _announce(transport, upload)
    attachments.store(transport, ticket, upload)
    stored = attachments.parse_public_file(
        Node(transport.post(f"{attachments.PATH}/{ticket.id}/publish", {}))
    )
    # Release 1.0 returns the name in the storage, which begins with random characters.
    return dataclasses.replace(stored, name=upload.filename)


def _announce(transport: Transport, upload: Upload) -> UploadTicket:
    try:
        announced = transport.post(attachments.PATH, attachments.announcement(upload))
    except (NotFound, PermissionDenied, ValidationFailed) as error:
        if isinstance(error, ValidationFailed) and error.status != HTTPStatus.METHOD_NOT_ALLOWED:
            raise
        refused = ConfigurationError(
            _("Files cannot be uploaded: Pneumatic has no file storage. Its reason: “%(said)s”")
            % {"said": error.message},
            status=error.status,
        )
    else:
        return attachments.parse_ticket(Node(announced))
    raise refused
