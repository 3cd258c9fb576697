"""Writes of presets."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace

from django.db import IntegrityError, transaction
from django.db.models import F

from apps.accounts.models import User
from apps.core.database import clock
from apps.kickoff.fields import create
from apps.kickoff.names import control_name
from apps.launches.dispatch.request import LaunchRequest
from apps.launches.models import Launch
from apps.launches.submission.submission import Submission
from apps.launches.submission.urgency import UrgencyInput
from apps.preparation.content import Content
from apps.preparation.models import Preset, PresetUse, PrivateField
from apps.preparation.recheck import checked_until
from apps.preparation.selectors import visible_presets
from apps.preparation.validation import Validator
from apps.workflow_templates.models import Template

SHARE = "preparation.share_preset"


class NameTakenError(Exception):
    """The user has another preset of this name for the template."""


class PresetChangedError(Exception):
    """Another user or tab saved the preset after the page was opened."""


def may_change(user: User, preset: Preset) -> bool:
    """Return whether ``user`` may rename, update and delete ``preset``."""
    return preset.owner_id == user.pk or (preset.is_shared and user.has_perm(SHARE))


def create_preset(submission: Submission, *, name: str, visibility: str, is_default: bool) -> Preset:
    """Save the answers of a form under a name; raise NameTakenError."""
    now = clock.now()
    preset = Preset(
        template=submission.template,
        version=submission.version,
        owner=submission.signed_in,
        name=name,
        visibility=visibility,
        created_at=now,
        updated_at=now,
        checked_at=checked_until(),
    )
    preset.content = content_of(submission)
    try:
        with transaction.atomic():
            preset.save(force_insert=True)
    except IntegrityError:
        raise NameTakenError from None
    if is_default:
        set_default(preset)
    return preset


def update_content(preset: Preset, submission: Submission, *, revision: int) -> None:
    """Replace the answers of ``preset`` by those of a form; raise PresetChangedError."""
    changed = Preset.objects.filter(pk=preset.pk, revision=revision).update(
        **content_of(submission).columns(),
        version=submission.version,
        problems=[],
        checked_at=checked_until(),
        updated_at=clock.now(),
        revision=F("revision") + 1,
    )
    if not changed:
        raise PresetChangedError


def rename(preset: Preset, *, name: str, visibility: str, is_default: bool) -> None:
    """Change name, visibility and default of ``preset``; raise NameTakenError."""
    try:
        with transaction.atomic():
            Preset.objects.filter(pk=preset.pk).update(name=name, visibility=visibility, is_default=False)
    except IntegrityError:
        raise NameTakenError from None
    preset.visibility = visibility
    if is_default:
        set_default(preset)


def set_default(preset: Preset) -> None:
    """Have the forms of its template open with ``preset``, instead of another one of the same users.

    Of two at the same time, the first counts.
    """
    with suppress(IntegrityError), transaction.atomic():
        rivals = Preset.objects.filter(
            template=preset.template_id, visibility=preset.visibility, is_default=True
        )
        if not preset.is_shared:
            rivals = rivals.filter(owner=preset.owner_id)
        rivals.exclude(pk=preset.pk).update(is_default=False)
        Preset.objects.filter(pk=preset.pk).update(is_default=True)


def record_use(request: LaunchRequest, launch: Launch) -> None:
    """Note that a user launched a form that a preset filled in; called in the transaction of the launch."""
    if request.preset is None:
        return
    preset = visible_presets(request.user).filter(pk=request.preset, template=request.template).first()
    if preset is None:
        return
    used = PresetUse.objects.filter(preset=preset, user=request.user)
    if not used.update(launches=F("launches") + 1, last_used_at=launch.created_at):
        PresetUse.objects.create(preset=preset, user=request.user, last_used_at=launch.created_at)


def set_private_fields(template: Template, api_names: Collection[str]) -> None:
    """Offer recent values of all fields of ``template`` but these."""
    with transaction.atomic():
        PrivateField.objects.filter(template=template).exclude(api_name__in=api_names).delete()
        PrivateField.objects.bulk_create(
            [PrivateField(template=template, api_name=api_name) for api_name in api_names],
            ignore_conflicts=True,
        )


def content_of(submission: Submission) -> Content:
    """Return the answers of a form in canonical form, without files and due date."""
    content = Validator(submission.template, submission.signed_in).check_controls(submission.controls).content
    files = {field.api_name for field in submission.definitions if create(field).holds_files}
    controls = {control_name(api_name) for api_name in files}
    return replace(
        content,
        answers={name: value for name, value in content.answers.items() if name not in files},
        typed={name: texts for name, texts in content.typed.items() if name not in controls},
        urgency=UrgencyInput(content.urgency.is_urgent),
    )


def delete(preset_id: uuid.UUID) -> None:
    """Delete a preset. Launches that it filled in stay as they are."""
    Preset.objects.filter(pk=preset_id).delete()
