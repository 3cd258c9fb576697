"""What a person has entered in a launch form: read from a request, kept, and shown again.

An entry outlives everything that can go wrong: a mistake, a failed upload, a changed template, a session that ended.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.datastructures import MultiValueDict

from apps.accounts.models import User
from apps.core.identifiers import read_number
from apps.kickoff.forms import KickoffForm
from apps.kickoff.transfer import rebase, uploads_in, with_empty_controls
from apps.kickoff.transfer import with_uploads as attach
from apps.launches.models import Launch
from apps.launches.submission import urgency
from apps.launches.submission.tokens import parse_id
from apps.launches.submission.urgency import UrgencyInput
from apps.launches.uploads import handler, services
from apps.launches.uploads.throttle import UploadThrottle
from apps.pneumatic.canonical.schemas import FieldDefinition, Kickoff
from apps.pneumatic.canonical.workflow_names import VARIABLE
from apps.pneumatic.client import capabilities
from apps.pneumatic.server import account_zone
from apps.workflow_templates.models import Template, TemplateVersion
from apps.workflow_templates.selectors import version_kickoff

# Controls of the page itself; everything else that is posted is an answer.
_OWN_CONTROLS = frozenset(
    {
        "csrfmiddlewaretoken",
        "submission_id",
        "version",
        "previous",
        "repeat",
        "launch",
        "preview",
        "find",
        "restore",
    }
    | {"username", "password"}
)


@dataclass(frozen=True, slots=True)
class Submission:
    """The controls of a posted form; ``upload_errors`` are sentences by api_name."""

    controls: MultiValueDict[str, Any]
    submission_id: uuid.UUID | None = None
    version: TemplateVersion | None = None  # the one whose form was filled in
    previous: Launch | None = None  # the launch that this one was made from
    repeat: uuid.UUID | None = None  # the launch that the person knows of and repeats all the same
    find: str = ""
    urgent: UrgencyInput = field(default_factory=UrgencyInput)
    upload_errors: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def definitions(self) -> tuple[FieldDefinition, ...]:
        """Return the fields of the form that was filled in."""
        return kickoff_of(self.version).fields

    @property
    def initial(self) -> dict[str, list[Any]]:
        """Return the controls as initial values: shows everything again without checking it."""
        return {name: list(values) for name, values in self.controls.lists() if name not in _OWN_CONTROLS}

    @property
    def hidden_fields(self) -> list[tuple[str, str]]:
        """Return name and value of everything worth keeping, for a page that is not the form."""
        own = {
            "submission_id": self.submission_id,
            "version": self.version.pk if self.version else None,
            "previous": self.previous.pk if self.previous else None,
        }
        kept = [(name, str(value)) for name, value in own.items() if value is not None]
        return kept + [(name, str(value)) for name, values in self.initial.items() for value in values]


def read_entry(request: HttpRequest, template: Template) -> Submission:
    """Return what was posted, without touching any file."""
    post = request.POST
    version = _version(template, post.get("version", ""))
    return Submission(
        controls=with_empty_controls(post, kickoff_of(version).fields),
        submission_id=parse_id(post.get("submission_id", "")),
        version=version,
        previous=previous_launch(template, post.get("previous", "")),
        repeat=parse_id(post.get("repeat", "")),
        find=post.get("find", ""),
        urgent=urgency.read(dict(post.lists())),
    )


def with_uploads(entry: Submission, request: HttpRequest, *, user: User) -> Submission:
    """Return the entry with the files that came along brought to Pneumatic and attached to their fields.

    Every file is tried: those that fail are named in ``upload_errors``, the others are not chosen a second time.
    Where Pneumatic asks to wait, the request waits for a while (``patience.py``).
    """
    definitions = entry.definitions
    patience = UploadThrottle()
    stored: dict[str, list[str]] = {}
    errors = {
        api_name: [services.too_large(name) for name in names]
        for api_name, names in uploads_in(definitions, handler.oversized(request)).items()
    }
    for api_name, incoming in uploads_in(definitions, request.FILES).items():
        for file in incoming:
            try:
                kept = services.store(user=user, incoming=file, patience=patience)
                stored.setdefault(api_name, []).append(str(kept.pk))
            except services.UploadError as error:
                errors.setdefault(api_name, []).append(str(error))
    controls = attach(entry.controls, definitions, stored)
    return replace(entry, controls=controls, upload_errors=errors)


def for_current_version(entry: Submission, template: Template) -> tuple[Submission, list[str]]:
    """Return the entry for the form that the template has now, and sentences about the answers that no longer fit."""
    if entry.version == template.current_version:
        return entry, []
    current = kickoff_of(template.current_version)
    controls, dropped = rebase(entry.controls, entry.definitions, current.fields)
    return replace(entry, controls=controls, version=template.current_version), dropped


def bound_form(entry: Submission, template: Template, *, user: User) -> KickoffForm:
    """Return the form that checks the entry, with the failed uploads at their fields."""
    form = _form(entry.version, template, user=user, data=entry.controls, find=entry.find)
    form.add_server_errors(entry.upload_errors)
    return form


def open_form(template: Template, initial: Mapping[str, Any], *, user: User) -> KickoffForm:
    """Return the form of the current version, filled with ``initial`` and not checked yet."""
    return _form(template.current_version, template, user=user, initial=initial)


def _form(version: TemplateVersion | None, template: Template, *, user: User, **filled: Any) -> KickoffForm:
    can = capabilities()
    return KickoffForm(
        kickoff_of(version),
        files=services.OwnFiles(user),
        template_id=template.pk,
        longest_name=can.longest_name,
        name_variables=can.name_variables,
        no_files=can.no_files,
        zone=account_zone(),
        **filled,
    )


def suggested_name(template: Template) -> str:
    """Return the name that the template's author wants, else "<template> - <date> <time>" in local time.

    What is no pattern is no longer than the server lets a name be.
    """
    longest = capabilities().longest_name
    if wanted := template.workflow_name:
        # What is put in for its variables may be short: a pattern is cut by the server, if by anybody.
        return wanted if VARIABLE.search(wanted) else wanted[:longest]
    now = f" - {timezone.localtime():%Y-%m-%d %H:%M}"
    return template.name[: longest and longest - len(now)] + now


def kickoff_of(version: TemplateVersion | None) -> Kickoff:
    """Return the form of ``version``; an empty one for None."""
    return version_kickoff(version) if version is not None else Kickoff()


def previous_launch(template: Template, text: str) -> Launch | None:
    """Return the launch of this template that ``text`` names, or None."""
    launch_id = parse_id(text)
    if launch_id is None:
        return None
    return Launch.objects.select_related("version").filter(pk=launch_id, template=template).first()


def _version(template: Template, text: str) -> TemplateVersion | None:
    """Return the version of this template that the form was made from; without a usable mark, the current one."""
    number = read_number(text)
    if number is None or number == template.current_version_id:
        return template.current_version
    return TemplateVersion.objects.filter(pk=number, template=template).first() or template.current_version
