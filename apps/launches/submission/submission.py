"""A posted launch form: parsed once, kept through failures, and turned into a LaunchRequest.

A submission survives whatever goes wrong: a mistake, a failed upload, a changed template, a session that ended.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

from django.http import HttpRequest, QueryDict
from django.utils.datastructures import MultiValueDict

from apps.accounts.models import User
from apps.core.identifiers import read_number, read_uuid
from apps.kickoff.forms import KickoffForm
from apps.kickoff.lookups import Lookups
from apps.kickoff.names import control_key, control_name, find_name, read_controls
from apps.kickoff.transfer import rebase, uploads_in, with_empty_controls
from apps.kickoff.transfer import with_uploads as attach
from apps.launches import selectors
from apps.launches.dispatch.request import DraftRef, LaunchRequest
from apps.launches.models import Launch
from apps.launches.submission import urgency
from apps.launches.submission.prefill import previous_launch
from apps.launches.submission.urgency import UrgencyInput
from apps.launches.uploads import handler, services
from apps.launches.uploads.throttle import UploadThrottle
from apps.pneumatic.canonical.schemas import FieldDefinition, Kickoff
from apps.pneumatic.client import OpenClient, capabilities
from apps.pneumatic.server import account_zone
from apps.workflow_templates.models import Template, TemplateVersion
from apps.workflow_templates.selectors import version_kickoff

# Controls of the page itself; everything else that is posted is an answer.
OWN_CONTROLS = frozenset(
    {
        "csrfmiddlewaretoken",
        "submission_id",
        "version",
        "previous",
        "repeat",
        "check",
        "signed-in",
        "enter",
        "launch",
        "preview",
        "find",
        "draft_editor",
        "draft_revision",
        "draft_sequence",
        "save_draft",
        "preset",
        "preset_name",
        "preset_visibility",
        "preset_default",
        "preset_revision",
        "save_preset",
        "update_preset",
        "copy_link",
        "use_recent",
    }
    | {"username", "password", "code", "restart"}
)
MAX_REVISION = 10**9  # a column of the database stores a little more
# Of these, what a form needs again after a sign-in.
_MARKS = frozenset({"submission_id", "version", "previous", "draft_editor", "draft_revision", "preset"})


@dataclass(frozen=True)
class Submission:
    """A posted form. Form, answers and digest are computed at most once; ``replace`` starts over."""

    template: Template
    version: TemplateVersion | None  # the one whose form was filled in
    kickoff: Kickoff  # of that version
    controls: MultiValueDict[str, Any]
    submission_id: uuid.UUID | None = None
    previous: Launch | None = None  # the launch that this one was copied from
    repeat: uuid.UUID | None = None  # an identical launch that the user confirmed to repeat
    find: str = ""  # the value of the pressed Find button
    urgency: UrgencyInput = field(default_factory=UrgencyInput)
    draft: DraftRef | None = None  # None for a form that has no draft
    preset: uuid.UUID | None = None  # that filled in the form
    user: User | None = None  # None before sign-in
    upload_errors: Mapping[str, Sequence[str]] = field(default_factory=dict)  # sentences by api_name

    @property
    def definitions(self) -> tuple[FieldDefinition, ...]:
        """The fields of the form that was filled in."""
        return self.kickoff.fields

    @property
    def initial(self) -> dict[str, list[Any]]:
        """The controls as initial values, which show every answer again without checking it."""
        return {name: list(values) for name, values in self.controls.lists() if name not in OWN_CONTROLS}

    @cached_property
    def form(self) -> KickoffForm:
        """The form that checks the controls, with failed uploads shown at their fields."""
        options = form_options(self.template, self.signed_in)
        form = KickoffForm(self.kickoff, self.controls, find=self.find, **options)
        form.add_server_errors(self.upload_errors)
        return form

    @cached_property
    def checked_urgency(self) -> UrgencyInput:
        """The urgency with what is wrong about it."""
        return urgency.checked(self.urgency)

    @cached_property
    def _request(self) -> LaunchRequest | None:
        if self.version is None or self.upload_errors or not self.urgency.is_readable:
            return None
        if not self.form.is_valid():
            return None
        return LaunchRequest(
            user=self.signed_in,
            template=self.template,
            version=self.version,
            name=self.form.workflow_name,
            answers=self.form.answers(),
            urgency=self.urgency.value,
            previous=self.previous,
            draft=self.draft,
            preset=self.preset,
            submission_id=self.submission_id or uuid.uuid4(),
        )

    def request(self) -> LaunchRequest | None:
        """Return what the form asks for; None where it is not valid.

        A due date that has passed does not make it invalid: ``checked_urgency`` has that error. So a form that is sent
        again still leads to its launch.
        """
        return self._request

    def launched_already(self) -> Launch | None:
        """Return the launch that this form led to before: double click, reload, back button, second tab."""
        used_by = selectors.by_submission(self.submission_id) if self.submission_id else None
        request = self.request() if used_by else None
        return used_by if used_by and request and request.is_repeat_of(used_by) else None

    def with_uploads(self, request: HttpRequest, open_client: OpenClient) -> Self:
        """Return the submission with the files of ``request`` uploaded and attached to their fields.

        Every file is tried: those that fail are named in ``upload_errors``, the others need not be chosen again.
        Where Pneumatic asks to wait, the request waits for a bounded time (``uploads/throttle.py``).
        """
        throttle = UploadThrottle()
        stored: dict[str, list[str]] = {}
        errors: dict[str, list[str]] = {}
        for skipped, sentence in (
            (handler.oversized(request), services.too_large),
            (handler.surplus(request), services.too_many),
            (handler.unstored(request), services.no_room),
        ):
            for api_name, names in uploads_in(self.definitions, skipped).items():
                errors.setdefault(api_name, []).extend(map(sentence, names))
        for api_name, incoming in uploads_in(self.definitions, request.FILES).items():
            for file in incoming:
                try:
                    kept = services.store(
                        user=self.signed_in, incoming=file, open_client=open_client, throttle=throttle
                    )
                    stored.setdefault(api_name, []).append(str(kept.pk))
                except services.UploadError as error:
                    errors.setdefault(api_name, []).append(str(error))
        return replace(self, controls=attach(self.controls, self.definitions, stored), upload_errors=errors)

    def for_current_version(self, template: Template) -> tuple[Self, list[str]]:
        """Return the submission for the template's current form, and sentences about answers that are not kept."""
        version = template.current_version
        if self.version == version:
            return self, []
        current = kickoff_of(version)
        controls, lost = rebase(self.controls, self.definitions, current.fields)
        rebased = replace(self, template=template, version=version, kickoff=current, controls=controls)
        return rebased, [one.sentence for one in lost]

    @property
    def signed_in(self) -> User:
        """The user, who must have signed in."""
        assert self.user is not None  # noqa: S101  (views check and launch for signed-in users only)
        return self.user


def parse(request: HttpRequest, template: Template) -> Submission:
    """Return what was posted, without reading any file."""
    post = request.POST
    version = _version(template, post.get("version", ""))
    kickoff = kickoff_of(version)
    return Submission(
        template=template,
        version=version,
        kickoff=kickoff,
        controls=with_empty_controls(post, kickoff.fields),
        submission_id=read_uuid(post.get("submission_id", "")),
        previous=previous_launch(template, post.get("previous", "")),
        repeat=read_uuid(post.get("repeat", "")),
        find=post.get("find", "") or _entered_search(post, kickoff),
        urgency=urgency.read(dict(post.lists())),
        draft=draft_ref(post),
        preset=read_uuid(post.get("preset", "")),
        user=request.user if request.user.is_authenticated else None,
    )


def draft_ref(post: QueryDict) -> DraftRef | None:
    """Return the marks of the open form that was posted; None where it has none, or unreadable ones."""
    editor, revision = read_uuid(post.get("draft_editor", "")), read_number(post.get("draft_revision", ""))
    if editor is None or revision is None or revision > MAX_REVISION:
        return None
    return DraftRef(editor, revision)


def posted_fields(request: HttpRequest) -> list[tuple[str, str]]:
    """Return name and value of everything that was posted and is worth keeping, as it was posted.

    Nothing is looked up: before sign-in a page must not show which templates, fields and launches there are.
    """
    return [
        (name, str(value))
        for name, values in request.POST.lists()
        if name in _MARKS or name not in OWN_CONTROLS
        for value in values
    ]


def _entered_search(post: MultiValueDict[str, str], kickoff: Kickoff) -> str:
    """Return the key of the field whose search Enter sends: its text was typed, and no result was offered yet.

    Otherwise Enter launches, as with scripts, which choose the result themselves.
    """
    if "enter" not in post:
        return ""
    controls: MultiValueDict[str, str] = read_controls(post, kickoff.fields)
    names = [field.api_name for field in kickoff.fields]
    typed = (name for name in names if controls.get(find_name(name), "").strip())
    return next((control_key(name) for name in typed if control_name(name) not in controls), "")


def open_form(template: Template, kickoff: Kickoff, initial: Mapping[str, Any], *, user: User) -> KickoffForm:
    """Return the form ``kickoff`` of ``template``, filled with ``initial`` and not checked yet."""
    return KickoffForm(kickoff, initial=initial, **form_options(template, user))


def kickoff_of(version: TemplateVersion | None) -> Kickoff:
    """Return the form of ``version``; an empty one for None."""
    return version_kickoff(version) if version is not None else Kickoff()


def form_options(template: Template, user: User) -> dict[str, Any]:
    """Return how every form of ``template`` that ``user`` fills in is made: arguments of ``KickoffForm``."""
    can = capabilities()
    return {
        "lookups": Lookups(files=services.OwnFiles(user), zone=account_zone()),
        "template_id": template.pk,
        "longest_name": can.longest_name,
        "name_variables": can.name_variables,
        "no_files": can.no_files,
    }


def _version(template: Template, text: str) -> TemplateVersion | None:
    """Return the version that the form was made from; the current one where ``text`` names none of this template."""
    number = read_number(text)
    if number is None or number == template.current_version_id:
        return template.current_version
    return TemplateVersion.objects.filter(pk=number, template=template).first() or template.current_version
