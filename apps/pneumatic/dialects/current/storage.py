"""Upload a file to a release before 7.0, which has no file service: announce it, PUT it, publish it."""

from __future__ import annotations

import dataclasses
from http import HTTPStatus
from typing import Any

from django.utils.translation import gettext as _

from apps.pneumatic.canonical.schemas import PublicFile, Upload, UploadTicket
from apps.pneumatic.dialects import attachments
from apps.pneumatic.errors import (
    ConfigurationError,
    NotFound,
    PermissionDenied,
    PneumaticError,
    ValidationFailed,
)
from apps.pneumatic.transport.api import Transport
from apps.pneumatic.transport.parsing import Node


def upload(transport: Transport, upload: Upload) -> PublicFile:
    """Upload a file; raise ConfigurationError where the server has no storage, or another PneumaticError."""
    ticket = _announce(transport, upload)
    attachments.store(transport, ticket, upload)
    published = _publish(transport, ticket)
    # Release 1.0 returns the name in the storage, which begins with random characters.
    return dataclasses.replace(attachments.parse_public_file(Node(published)), name=upload.filename)


def _announce(transport: Transport, upload: Upload) -> UploadTicket:
    try:
        announced = transport.post(attachments.PATH, attachments.announcement(upload))
    except (NotFound, PermissionDenied, ValidationFailed) as error:
        if isinstance(error, ValidationFailed) and error.status != HTTPStatus.METHOD_NOT_ALLOWED:
            raise
        refused = _no_storage(error)
    else:
        return attachments.parse_ticket(Node(announced))
    raise refused


def _publish(transport: Transport, ticket: UploadTicket) -> Any:
    try:
        return transport.post(f"{attachments.PATH}/{ticket.id}/publish", {})
    except PermissionDenied as error:
        refused = _no_storage(error)
    raise refused


def _no_storage(error: PneumaticError) -> ConfigurationError:
    return ConfigurationError(
        _("Files cannot be uploaded: Pneumatic has no file storage. Its reason: “%(said)s”")
        % {"said": error.message},
        status=error.status,
    )
