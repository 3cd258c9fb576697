"""The calls that launch a workflow and upload the files of its kickoff form."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import partial
from typing import IO, Any

from apps.pneumatic import server
from apps.pneumatic.canonical.features import Features
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
from apps.pneumatic.errors import (
    ConfigurationError,
    PneumaticError,
    UnexpectedResponse,
    ValidationFailed,
)
from apps.pneumatic.transport import errors
from apps.pneumatic.transport.parsing import Node

# A day would be stored as the one before or after it, for good. A form takes longer to fill in than this.
MAX_ZONE_AGE = dt.timedelta(minutes=1)


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

        Raise ValidationFailed for an answer that the API has no form for. This may take requests, which raise
        PneumaticError: for the time zone of the key's user, in which days begin; and for the server's release, where an
        answer could be stored as another one or seems to have no form.
        """
        has_date = any(answer.field.type == "date" for answer in answers)
        if has_date and self._dialect.days_begin_in_zone:
            self.refresh_key_holder(MAX_ZONE_AGE)
        if self._dialect.needs_features(template_id, answers):
            self.detect_release()
        encode = partial(
            self._encode, template_id, name=name, answers=answers, tasks=tasks, urgency=urgency or Urgency()
        )
        try:
            return encode()
        except ValidationFailed as error:
            refused = [answer.field for answer in answers if answer.field.api_name == error.field]
            if self._dialect.has_found_features or not any(map(self.may_differ, refused)):
                raise
        self.detect_release()
        return encode()

    def _encode(self, template_id: int, **request: Any) -> dict[str, Any]:
        return self._dialect.run_payload(template_id, zone=server.account_zone(), **request)

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

    def may_differ(self, definition: FieldDefinition) -> bool:
        """Return whether another release of the server may read answers to this field in another encoding."""
        return self._dialect.may_differ(definition)

    def encode_otherwise(self, definition: FieldDefinition) -> bool:
        """Encode answers to this field in another way from now on; return False where there is none to try.

        For a launch that the server refused because of this field alone, after ``detect_release``.
        """
        return self._dialect.encode_otherwise(definition)

    def remember_encodings(self) -> None:
        """Remember the encodings in use, after a launch was accepted in them that ``encode_otherwise`` chose."""
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
        harm. Where the server turns out to be of another release, the file is uploaded as that one takes it.
        """
        file = Upload(stream, filename, content_type, size, thumbnail)
        before = self._dialect.features
        try:
            return self._dialect.upload(self._transport, file)
        except (ConfigurationError, UnexpectedResponse) as error:
            is_refused = error.status is not None or self.capabilities.no_files
            if not is_refused or not self._stores_otherwise(before):
                raise
        stream.seek(0)
        return self._dialect.upload(self._transport, file)

    def _stores_otherwise(self, before: Features | None) -> bool:
        """Return whether the server turns out to store files in another way than ``before``."""
        if self._dialect.has_found_features:
            return False
        try:
            self.detect_release()
        except PneumaticError:
            return False
        now = self._dialect.features
        return now is not None and (before is None or before.files is not now.files)

    def check_files(self) -> bool:
        """Return True if files can be uploaded, False if only an upload would show it; raise PneumaticError if not."""
        return self._dialect.check_files(self._transport)

    def find_files_url(self) -> str:
        """Return the URL below which a file of this account is; '' without a file. Raise PneumaticError."""
        with self._expect_found():
            return self._dialect.find_files_url(self._transport)
