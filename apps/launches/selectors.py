"""Reads of launches, for their own pages and for those of other apps."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, QuerySet

from apps.accounts.models import User
from apps.core.database import clock
from apps.core.days import within
from apps.core.identifiers import read_number
from apps.core.searching import has_words
from apps.launches.models import Launch
from apps.workflow_templates.models import Template
from apps.workflow_templates.selectors import of_template
from apps.workflows import selectors as workflow_selectors
from apps.workflows.models import Workflow

State = Launch.State

NEEDS_ATTENTION = (State.UNKNOWN, State.FAILED, State.REJECTED)
# An identical launch by the same user within this time needs a confirmation: a browser's back button can bring a used
# form back under a new submission id.
REPEAT_WINDOW = dt.timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class LaunchFilters:
    """The filters of the launch list; the defaults select all launches."""

    query: str = ""  # part of the workflow's name, or the workflow's id
    state: str = ""
    template: str = ""  # an id, or words of the name
    person: int | None = None
    since: dt.date | None = None
    until: dt.date | None = None


def launches(filters: LaunchFilters | None = None) -> QuerySet[Launch]:
    """Select launches, newest first, with the columns of a list; the large ones are deferred."""
    found = (
        Launch.objects.select_related("template", "launched_by")
        .only(
            "name",
            "upstream_name",
            "is_urgent",
            "due",
            "state",
            "reason",
            "workflow_id",
            "created_at",
            "sent_at",
            "finished_at",
            "template__name",
            "launched_by__username",
            "launched_by__first_name",
            "launched_by__last_name",
            "launched_by__email",
        )
        .order_by("-created_at", "-id")
    )
    return _narrowed(found, filters) if filters else found


def launch_for_page(launch_id: uuid.UUID) -> Launch | None:
    """Return a launch with all that its page shows, or None."""
    related = ("template", "version", "launched_by", "resolved_by", "previous")
    return Launch.objects.select_related(*related).defer("template__raw").filter(pk=launch_id).first()


def workflows_of(user: User, found: Iterable[Launch]) -> dict[int, Workflow]:
    """Return the workflows of these launches by id: those known from events, if ``user`` may see workflows."""
    ids = {launch.workflow_id for launch in found if launch.workflow_id is not None}
    if not ids or not user.has_perm("workflows.view_workflow"):
        return {}
    return workflow_selectors.workflows().in_bulk(ids)


def launch_of(workflow_id: int) -> Launch | None:
    """Return the launch that started this workflow; None for one that was started outside this dashboard."""
    return launches().filter(workflow_id=workflow_id).first()


def recent_for(user: User, limit: int) -> list[Launch]:
    """Return the last launches of ``user``, newest first."""
    return list(launches().filter(launched_by=user)[:limit])


def needing_attention(user: User, limit: int) -> list[Launch]:
    """Return launches of ``user`` that need an action and were not copied into another launch, newest first.

    Rejected and failed launches are included for 30 days, unknown ones until they are resolved.
    """
    month_ago = clock.now() - dt.timedelta(days=30)
    retried = Launch.objects.filter(previous=OuterRef("pk"))
    return list(
        launches()
        .filter(launched_by=user, state__in=NEEDS_ATTENTION)
        .filter(Q(state=State.UNKNOWN) | Q(created_at__gte=month_ago))
        .filter(~Exists(retried))[:limit]
    )


def template_launches(template: Template, limit: int) -> list[Launch]:
    """Return the last launches of a template, newest first."""
    return list(launches().filter(template=template)[:limit])


def by_submission(submission_id: uuid.UUID) -> Launch | None:
    """Return the launch that used this submission id, or None."""
    return Launch.objects.filter(submission_id=submission_id).first()


def repeat_of(
    *,
    user: User,
    template: Template,
    answers_digest: str,
    submission_id: uuid.UUID,
    besides: Launch | None,
) -> Launch | None:
    """Return a recent launch of ``user`` with exactly these answers, from another form, that may have started.

    ``besides`` is the launch that the form was copied from. Where it has started, repeating it is intended.
    """
    found = Launch.objects.filter(
        launched_by=user,
        template=template,
        answers_digest=answers_digest,
        state__in=[State.QUEUED, State.SENDING, State.LAUNCHED, State.UNKNOWN],
        created_at__gte=clock.now() - REPEAT_WINDOW,
    ).exclude(submission_id=submission_id)
    if besides is not None:
        found = found.exclude(pk=besides.pk, state=State.LAUNCHED)
    return found.order_by("-created_at").first()


def people_who_launched(limit: int = 500) -> list[User]:
    """Return the users who have launched anything, for the list's filter."""
    has_launched = Exists(Launch.objects.filter(launched_by=OuterRef("pk")))
    named = User.objects.only("username", "first_name", "last_name", "email")
    return list(named.filter(has_launched).order_by("username")[:limit])


def named(found: QuerySet[Launch], text: str) -> QuerySet[Launch]:
    """Select launches whose workflow name has every word of ``text``, or whose workflow has this id."""
    words, number = has_words(text), read_number(text)
    return found.filter(words if number is None else words | Q(workflow_id=number))


def _narrowed(found: QuerySet[Launch], filters: LaunchFilters) -> QuerySet[Launch]:
    if filters.state:
        found = found.filter(state=filters.state)
    if filters.person is not None:
        found = found.filter(launched_by=filters.person)
    if filters.template:
        found = found.filter(of_template(filters.template))
    found = found.filter(within("created_at", filters.since, filters.until))
    return named(found, filters.query)
