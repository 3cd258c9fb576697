"""The calls that launch a workflow and upload the files of its kickoff form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO, Any

from apps.pneumatic import server
from apps.pneumatic.canonical.schemas import (
    Answer,
    FieldDefinition,
    Launched,
    PublicFile,
    TaskOverride,
    Upload,
    Urgency,
)
from apps.pneumatic.client.base import BaseClient
from apps.pneumatic.errors import UnexpectedResponse
from apps.pneumatic.transport import errors
from apps.pneumatic.transport.parsing import Node


class LaunchCalls(BaseClient):
    """Launches and uploads."""

    def run_payload(
        self,
        template_id: int,
        *,
        name: str,
        answers: Sequence[Answer],
        tasks: Sequence[TaskOverride] = (),
        urgency: Urgency | None = None,
    ) -> dict[str, Any]:
        """Return the exact JSON body that launches a workflow (Launch a Workflow Based on Specific Template).

        Raise ValidationFailed for an answer that the API has no form for. A date may take a request first: days begin
        in the time zone of the key's user, who may be unknown yet. So may an option whose key is a number, which an old
        release could read as an id. That request raises PneumaticError.
        """
        known = server.known()
        has_date = any(answer.field.type == "date" for answer in answers)
        if (has_date and (known is None or not known.key_holder)) or self._dialect.needs_features(answers):
            self.key_holder()
        return self._dialect.run_payload(
            template_id,
            name=name,
            answers=answers,
            tasks=tasks,
            urgency=urgency or Urgency(),
            zone=server.account_zone(),
        )

    def run_url(self, template_id: int) -> str:
        """Return the URL that a launch is sent to. No request is made once the dialect is known."""
        return self._transport.base_url + self._dialect.run_path(template_id)

    def run(self, template_id: int, *, payload: Mapping[str, Any]) -> Launched:
        """Launch a workflow with exactly this body. The request is sent once and never retried.

        Raise Unavailable if it was not sent; ValidationFailed, AuthenticationFailed, PermissionDenied, NotFound or
        RateLimited if the server refused it; OutcomeUnknown if the workflow may have been launched.
        """
        path = self._dialect.run_path(template_id)
        response = self._transport.post(path, payload, once=True)
        try:
            return self._dialect.parse_launched(Node(response))
        except UnexpectedResponse:
            unknown = errors.outcome_unknown()
        raise unknown  # outside the block: no context that holds the response

    def encode_otherwise(self, definition: FieldDefinition) -> bool:
        """Return whether answers to ``definition`` can be encoded as another release reads them.

        ``run_payload`` does so from now on. For a launch that the server refused because of this field alone. May make
        a request to find out which release the server is, and raise PneumaticError.
        """
        was_unknown = self._dialect.features is None
        if was_unknown and definition.type in {"date", "user"}:
            self.key_holder()
        return self._dialect.encode_otherwise(definition, was_unknown=was_unknown)

    def remember_encodings(self) -> None:
        """Remember the encodings in use, after a launch was accepted in them."""
        accepted = self._dialect.accepted_features()
        if accepted is not None:
            server.remember_features(accepted)

    def upload(
        self,
        stream: IO[bytes],
        *,
        filename: str,
        content_type: str,
        size: int,
        thumbnail: bytes | None = None,
    ) -> PublicFile:
        """Upload ``size`` bytes of ``stream`` and return what a launch refers to it by.

        Documented API: Upload file for attachment, Make file public. ``thumbnail`` is a small picture in the same
        format; it is sent where ``capabilities.thumbnails``. Raise RateLimited instead of waiting, ValidationFailed for
        a refused file, ConfigurationError where files cannot be uploaded, or another PneumaticError. A retry does no
        harm.
        """
        return self._dialect.upload(self._transport, Upload(stream, filename, content_type, size, thumbnail))

    def check_files(self) -> bool:
        """Return True if files can be uploaded, False if only an upload would show it; raise PneumaticError if not."""
        return self._dialect.check_files(self._transport)

    def find_files_url(self) -> str:
        """Return the URL below which a file of this account is; '' without a file. Raise PneumaticError."""
        with self._expect_found():
            return self._dialect.find_files_url(self._transport)
