"""A checked request to start one workflow, and what it sends to Pneumatic.

Forms make a LaunchRequest (``submission.Submission.request``); anything else that launches can build one without an
HTTP request. How a repeated request is recognised: ``docs/decisions/0002-one-submission-one-workflow.md``.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from apps.accounts.models import User
from apps.kickoff.fields import answers_to_json
from apps.launches.models import Launch, UploadedFile
from apps.pneumatic.canonical.schemas import Answer, FileValue, Urgency
from apps.pneumatic.client import Client
from apps.workflow_templates.models import Template, TemplateVersion


@dataclass(frozen=True, slots=True)
class DraftRef:
    """An open form: the id of its page, and the revision of the draft that it shows; 0 for none."""

    editor: uuid.UUID
    revision: int = 0


@dataclass(frozen=True)
class LaunchRequest:
    """What one user asks to start, checked against ``version`` of the template's kickoff form.

    ``submission_id`` is used by at most one launch. ``previous`` is the launch that this one was copied from, ``draft``
    the form that it came from, ``preset`` the id of what filled that in.
    """

    user: User
    template: Template
    version: TemplateVersion
    name: str
    answers: tuple[Answer, ...] = ()
    urgency: Urgency = field(default_factory=Urgency)
    previous: Launch | None = None
    draft: DraftRef | None = None
    preset: uuid.UUID | None = None
    submission_id: uuid.UUID = field(default_factory=uuid.uuid4)

    @cached_property
    def answers_json(self) -> dict[str, Any]:
        """The answers as a launch stores them: api_name -> the JSON form of the canonical value."""
        return answers_to_json(self.answers)

    @cached_property
    def attachment_ids(self) -> list[str]:
        """The ids of the files among the answers."""
        return [file.id for files in _files_by_name(self.answers).values() for file in files]

    @cached_property
    def digest(self) -> str:
        """The SHA-256, in hex, of name, answers and urgency: equal for two requests for the same thing.

        Files count by name and content: a form that is sent twice without JavaScript uploads its files twice, under
        two ids.
        """
        comparable = dict(self.answers_json)
        contents = _file_contents(self.user, self.attachment_ids)
        for api_name, files in _files_by_name(self.answers).items():
            comparable[api_name] = [contents.get(file.id, ["", file.id]) for file in files]
        parts: list[Any] = [self.name, comparable]
        if self.urgency != Urgency():  # else equal to the digests from before launches had an urgency
            due = self.urgency.due
            parts.append([self.urgency.is_urgent, due.timestamp() if due else None])
        text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def is_repeat_of(self, launch: Launch) -> bool:
        """Return whether ``launch`` came from the same user, form version, name, answers and urgency."""
        return (
            launch.launched_by_id == self.user.pk
            and launch.version_id == self.version.pk
            and launch.answers_digest == self.digest
        )


@dataclass(frozen=True, slots=True)
class PlannedRequest:
    """A request that has not been sent: its URL and its body."""

    url: str
    payload: Mapping[str, Any]


def plan(request: LaunchRequest, client: Client) -> PlannedRequest:
    """Return exactly what ``request`` sends, and where to. The workflow is not started.

    Raise PneumaticError when the body cannot be built. ``Client.run_payload`` may query Pneumatic for the key's user.
    """
    payload = client.run_payload(
        request.template.pk, name=request.name, answers=request.answers, urgency=request.urgency
    )
    return PlannedRequest(url=client.run_url(request.template.pk), payload=payload)


def _files_by_name(answers: Sequence[Answer]) -> dict[str, list[FileValue]]:
    """Return the files of the answers that have any, by api_name."""
    found = {
        answer.field.api_name: [part for part in answer.value if isinstance(part, FileValue)]
        for answer in answers
        if isinstance(answer.value, tuple)
    }
    return {api_name: files for api_name, files in found.items() if files}


def _file_contents(user: User, attachment_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return name and content hash of files that ``user`` uploaded, by attachment id."""
    if not attachment_ids:
        return {}
    found = UploadedFile.objects.filter(owner=user, attachment_id__in=attachment_ids)
    return {file.attachment_id: [file.name, file.sha256] for file in found}
