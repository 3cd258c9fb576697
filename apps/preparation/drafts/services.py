"""Writes of drafts.

A save states the page that it comes from (``editor``), the revision of the draft that this page showed first, and a
number that grows from save to save of the page. It replaces the draft where that revision is still the last one, or
where the last save came from the same page and was an earlier one. So nothing that another tab saved is overwritten
silently, saves may overtake each other, and one whose response was lost can be repeated.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Exists, F, Q, QuerySet

from apps.accounts.models import User
from apps.core.database import clock
from apps.core.identifiers import read_uuid
from apps.kickoff.transfer import rebase
from apps.launches.dispatch.request import DraftRef, LaunchRequest
from apps.launches.models import Launch
from apps.launches.submission import urgency
from apps.launches.submission.submission import kickoff_of
from apps.launches.uploads import services as uploads
from apps.preparation.content import Content
from apps.preparation.models import Draft
from apps.preparation.models.draft import WARNING_DAYS, draft_id
from apps.workflow_templates.models import TemplateVersion

_PERMISSIONS = "django.contrib.auth.backends.ModelBackend"
WARNING_INTERVAL_SECONDS = 3600.0


class NotAllowedError(Exception):
    """The user may not launch, or there is no such form."""


@dataclass(frozen=True, slots=True)
class Save:
    """A request to save a draft. ``submission_id`` is that of the form: a form that was launched is no draft."""

    user: User
    template_id: int
    version_id: int
    content: Content
    ref: DraftRef
    sequence: int
    submission_id: uuid.UUID | None = None
    copied_from: uuid.UUID | None = None

    @property
    def key(self) -> uuid.UUID:
        """The primary key of the draft."""
        return draft_id(self.user.pk, self.template_id)


@dataclass(frozen=True, slots=True)
class Saved:
    """The result: ``saved``, or why not. The draft was ``changed`` by another page, ``launched`` or deleted (``gone``).

    The other values are those of the draft as it is now; ``sequence`` is larger than that of the request where a later
    save was faster. ``revision`` is None where it was not read.
    """

    state: Literal["saved", "changed", "launched", "gone"]
    at: dt.datetime | None = None
    sequence: int = 0
    revision: int | None = None


def save(request: Save) -> Saved:
    """Create or replace the draft of a user for a template. Raise NotAllowedError.

    Usually it is one statement, and another where files belong to the form.
    """
    now = clock.now()
    saved = Saved("saved", now, request.sequence)
    same_version = _replaceable(request).filter(version_id=request.version_id)
    replaced = same_version.update(**_values(request, now), revision=F("revision") + 1)
    if not replaced:
        draft = _draft(request.key)
        saved = _create(request, now) if draft is None else _save_otherwise(request, draft, now)
    if saved.state == "saved":
        uploads.reserve(user=request.user, upload_ids=_upload_ids(request.content), reserved_for=request.key)
    return saved


def end(request: LaunchRequest, launch: Launch) -> None:
    """Have ``launch`` end the draft that its form showed; called in the transaction of the launch.

    The draft keeps what was sent: where nothing is started, it is needed again.
    """
    ref = request.draft
    if ref is None:
        return
    shown = Draft.objects.filter(pk=draft_id(request.user.pk, request.template.pk))
    shown.filter(Q(editor=ref.editor) | Q(revision=ref.revision)).update(
        **_content_of(request).columns(),
        version=request.version,
        launch=launch,
        revision=F("revision") + 1,
        updated_at=launch.created_at,
        problems=[],
        checked_at=None,
        warned_at=None,
    )


def discard(user: User, template_id: int) -> bool:
    """Delete the draft of ``user``; return whether there was one."""
    deleted, _rows = Draft.objects.filter(pk=draft_id(user.pk, template_id)).delete()
    return deleted > 0


def warn() -> None:
    """Mark the drafts that are deleted soon: their owners see it on the home page and in the list."""
    old = clock.now() - dt.timedelta(days=max(settings.DRAFT_RETENTION_DAYS - WARNING_DAYS, 0))
    Draft.objects.active().filter(updated_at__lt=old, warned_at=None).update(warned_at=clock.now())


def old_drafts() -> QuerySet[Draft]:
    """Select the drafts to delete: old ones, some days after their owners were warned, and launched ones."""
    now = clock.now()
    is_old = Q(updated_at__lt=now - dt.timedelta(days=settings.DRAFT_RETENTION_DAYS))
    is_warned = Q(warned_at__lt=now - dt.timedelta(days=WARNING_DAYS))
    return Draft.objects.filter((is_old & is_warned) | Q(launch__state=Launch.State.LAUNCHED))


def _draft(key: uuid.UUID) -> Draft | None:
    return Draft.objects.select_related("version", "launch").filter(pk=key).first()


def _replaceable(request: Save) -> QuerySet[Draft]:
    same_page = Q(editor=request.ref.editor, sequence__lt=request.sequence, launch=None)
    return Draft.objects.filter(Q(revision=request.ref.revision) | same_page, pk=request.key)


def _values(request: Save, now: dt.datetime) -> dict[str, Any]:
    return {
        **request.content.columns(),
        "editor": request.ref.editor,
        "sequence": request.sequence,
        "copied_from": request.copied_from,
        "launch": None,
        "updated_at": now,
        "checked_at": None,
        "warned_at": None,
    }


def _create(request: Save, now: dt.datetime) -> Saved:
    if request.ref.revision:  # it showed a draft that was deleted
        return Saved("gone")
    may_launch = User.objects.with_perm("launches.launch_workflow", backend=_PERMISSIONS)
    launched = Launch.objects.filter(submission_id=request.submission_id or request.key)
    versions = TemplateVersion.objects.filter(pk=request.version_id, template_id=request.template_id)
    is_launched = (
        versions.filter(Exists(may_launch.filter(pk=request.user.pk)))
        .values_list(Exists(launched), flat=True)
        .first()
    )
    if is_launched is None:
        raise NotAllowedError
    if is_launched:
        return Saved("launched")
    try:
        Draft.objects.create(
            pk=request.key,
            template_id=request.template_id,
            version_id=request.version_id,
            owner=request.user,
            created_at=now,
            **_values(request, now),
        )
    except IntegrityError:  # another save was faster
        draft = Draft.objects.select_related("version", "launch").get(pk=request.key)
        return _save_otherwise(request, draft, now)
    return Saved("saved", now, request.sequence)


def _save_otherwise(request: Save, draft: Draft, now: dt.datetime) -> Saved:
    """Save to a draft that is of an older version of the template; report any other as a conflict."""
    is_same_page = draft.editor == request.ref.editor and draft.launch is None
    if is_same_page and draft.sequence >= request.sequence:
        return Saved("saved", draft.updated_at, draft.sequence)
    if draft.version_id != request.version_id and _move(request, draft, now):
        return Saved("saved", now, request.sequence)
    return Saved(
        "changed" if draft.is_active else "launched", draft.updated_at, draft.sequence, draft.revision
    )


def _move(request: Save, draft: Draft, now: dt.datetime) -> bool:
    """Save ``draft`` in another version of the template, with what was lost on the way; return whether it was saved."""
    version = TemplateVersion.objects.filter(pk=request.version_id, template_id=request.template_id).first()
    if version is None:
        raise NotAllowedError
    fields = kickoff_of(draft.version).fields
    _controls, lost = rebase(draft.content.controls(fields), fields, kickoff_of(version).fields)
    left_out = [*draft.left_out, *(one.sentence for one in lost)]
    values = {**_values(request, now), "version": version, "left_out": left_out, "problems": []}
    return _replaceable(request).update(**values, revision=F("revision") + 1) > 0


def _content_of(request: LaunchRequest) -> Content:
    hidden = {answer.field.api_name for answer in request.answers if answer.field.is_hidden}
    answers: Mapping[str, Any] = {
        name: value for name, value in request.answers_json.items() if name not in hidden
    }
    return Content(request.name, answers, urgency=urgency.typed(request.urgency))


def _upload_ids(content: Content) -> set[uuid.UUID]:
    """Return the values of controls that may be the id of an upload."""
    values = (value for texts in content.typed.values() for value in texts)
    return {found for value in values if len(value) == 36 and (found := read_uuid(value)) is not None}
