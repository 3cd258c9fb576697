"""Reads of prepared launches."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import F, Q, QuerySet

from apps.accounts.models import User
from apps.launches.models import Launch
from apps.preparation import registry
from apps.preparation.models import Draft, PreparedLaunch, Preset
from apps.preparation.models.draft import draft_id

_COLUMNS = ("template__raw", "template__tasks", "template__description", "answers", "typed")
# What was saved since the last check, in the current form, may have been corrected.
_BROKEN = ~Q(problems=[]) & (Q(checked_at__isnull=False) | ~Q(version=F("template__current_version")))


def draft_of(user: User, template_id: int) -> Draft | None:
    """Return the draft of ``user`` for a template, an ended one too."""
    related = Draft.objects.select_related("version", "launch")
    return related.filter(pk=draft_id(user.pk, template_id)).first()


def active_draft(user: User, template_id: int) -> Draft | None:
    """Return the draft of ``user`` for a template, if it can be continued."""
    draft = draft_of(user, template_id)
    return draft if draft is not None and draft.is_active else None


def drafts(user: User) -> QuerySet[Draft]:
    """Select the drafts of ``user`` that can be continued, last saved first, without their answers."""
    found = Draft.objects.active().filter(owner=user)
    return found.select_related("template").defer(*_COLUMNS).order_by("-updated_at", "pk")


def visible_presets(user: User) -> QuerySet[Preset]:
    """Select the presets of ``user`` and of the team, by name, without their answers."""
    found = Preset.objects.filter(Q(owner=user) | Q(visibility=Preset.Visibility.TEAM))
    return found.select_related("template", "owner").defer(*_COLUMNS).order_by("name", "pk")


def default_preset(user: User, presets: Iterable[Preset]) -> Preset | None:
    """Return the preset that a form opens with for ``user``, out of those of its template."""
    defaults = [preset for preset in presets if preset.is_default]
    defaults.sort(key=lambda preset: preset.is_shared)  # the user's first
    return next((preset for preset in defaults if preset.is_shared or preset.owner_id == user.pk), None)


def copied_from(draft: Draft) -> Launch | None:
    """Return the launch whose answers were edited in ``draft``."""
    if draft.copied_from is None:
        return None
    return Launch.objects.filter(pk=draft.copied_from, template=draft.template_id).first()


def needing_attention(user: User, limit: int) -> list[PreparedLaunch]:
    """Return what ``user`` has prepared and a change in Pneumatic broke, and drafts that are deleted soon."""
    found: list[PreparedLaunch] = list(drafts(user).exclude(warned_at=None)[:limit])
    for rows in registry.kinds():
        mine = rows().filter(_BROKEN, owner=user).select_related("template").defer(*_COLUMNS)
        known = {one.pk for one in found}
        found += [one for one in mine.order_by("-updated_at", "pk")[:limit] if one.pk not in known]
    return sorted(found, key=lambda one: one.updated_at, reverse=True)[:limit]
