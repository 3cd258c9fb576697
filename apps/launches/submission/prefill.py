"""What a launch form opens with: a suggested name, an earlier launch (``?from=``) and a link's answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils import timezone

from apps.accounts.models import User
from apps.core.identifiers import read_uuid
from apps.core.text.visible import first_visible
from apps.kickoff.transfer import carry_over, initial_from_query
from apps.launches.models import Launch
from apps.launches.submission import urgency
from apps.launches.submission.urgency import UrgencyInput
from apps.pneumatic.canonical.schemas import Kickoff
from apps.pneumatic.canonical.workflow_names import VARIABLE
from apps.pneumatic.client import capabilities
from apps.workflow_templates.models import Template
from apps.workflow_templates.selectors import version_kickoff
from apps.workflow_templates.versions import Change, ask_for_the_same, compare

# "<text> - <date> <time>", as _stamped() writes it.
_SUGGESTED = re.compile(r"(?P<text>.+) - \d{4}-\d{2}-\d{2} \d{2}:\d{2}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Prefill:
    """Initial values by control, the launch they were copied from, and sentences about what was left out."""

    initial: dict[str, Any]
    previous: Launch | None = None
    urgency: UrgencyInput = field(default_factory=UrgencyInput)
    left_out: list[str] = field(default_factory=list)
    changes: Sequence[Change] = ()  # of the form since the earlier launch


def prefill(template: Template, kickoff: Kickoff, query: QueryDict, *, user: User) -> Prefill:
    """Return what the form ``kickoff`` of ``template`` opens with; control names in ``query`` go first."""
    initial: dict[str, Any] = {"name": [suggested_name(template)]}
    left_out: list[str] = []
    copied, changes = UrgencyInput(), list[Change]()
    previous = previous_launch(template, query.get("from", ""))
    if previous is not None and user.has_perm("launches.view_launch"):
        answered = version_kickoff(previous.version)
        carried, left_out = carry_over(previous.answers, answered.fields, kickoff.fields)
        changes = [] if ask_for_the_same(answered, kickoff) else compare(answered, kickoff)
        initial |= {"name": [_fresh_name(template, previous)], **carried}
        copied, overdue = urgency.of_launch(previous)
        left_out += overdue
    from_link, notes = initial_from_query(kickoff.fields, query)
    return Prefill(
        initial=initial | from_link,
        previous=previous,
        urgency=urgency.read(copied.controls | dict(query.lists())),
        left_out=[*left_out, *notes],
        changes=changes,
    )


def suggested_name(template: Template) -> str:
    """Return the name pattern of the template, else "<template> - <date> <time>" in local time.

    A name without variables is cut to the server's limit. A pattern is not: its variables may be replaced by less.
    """
    if pattern := first_visible(template.workflow_name):
        return pattern if VARIABLE.search(pattern) else pattern[: capabilities().longest_name]
    return _stamped(template.shown_name)


def _fresh_name(template: Template, previous: Launch) -> str:
    """Return the name for another launch like ``previous``: an old time in it, as suggested, becomes today's.

    A name that the user wrote stays. So does one with variables, which Pneumatic fills in again.
    """
    suggested = _SUGGESTED.fullmatch(previous.name)
    if suggested is None:
        return previous.name
    fresh = _stamped(suggested["text"])
    return suggested_name(template) if fresh == _stamped(template.shown_name) else fresh


def _stamped(text: str) -> str:
    longest = capabilities().longest_name
    now = f" - {timezone.localtime():%Y-%m-%d %H:%M}"
    return text[: longest and longest - len(now)] + now


def previous_launch(template: Template, text: str) -> Launch | None:
    """Return the launch of this template whose id is ``text``, or None."""
    launch_id = read_uuid(text)
    if launch_id is None:
        return None
    return Launch.objects.select_related("version").filter(pk=launch_id, template=template).first()
