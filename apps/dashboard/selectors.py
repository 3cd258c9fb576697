"""Reads for the home page and the search, from the apps below, limited by the user's permissions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from apps.accounts.models import User
from apps.accounts.selectors import as_person, search_people
from apps.core.people import Person, pneumatic_id_of
from apps.core.searching import search_words
from apps.launches import selectors as launches
from apps.launches.models import Launch
from apps.preparation import selectors as preparation
from apps.preparation.models import Draft, PreparedLaunch
from apps.webhooks.freshness import EventFreshness, event_freshness
from apps.workflow_templates import selectors as templates
from apps.workflow_templates.models import Template
from apps.workflows import selectors as workflows
from apps.workflows.models import Workflow
from apps.workflows.presentation.rows import WorkflowRow, rows

FAVOURITES = 6
LATEST = 8
ATTENTION = 5
DRAFTS = 5
MOVING = 5
HITS = 8

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Home:
    """Templates, launches and drafts of the home page; ``suggestions`` are for a user without favourites.

    ``prepared`` needs an action: a change in Pneumatic broke it, or it is deleted soon.
    """

    favourites: Sequence[Template] = ()
    suggestions: Sequence[Template] = ()
    attention: Sequence[Launch] = ()
    latest: Sequence[Launch] = ()
    drafts: Sequence[Draft] = ()
    more_drafts: bool = False
    prepared: Sequence[PreparedLaunch] = ()


@dataclass(frozen=True, slots=True)
class Moving:
    """Workflows of the home page: those assigned to the user, others that run, and those with missing events.

    ``feed`` is the freshness of the events; None where no workflow is shown.
    """

    mine: Sequence[WorkflowRow] = ()
    others: Sequence[WorkflowRow] = ()
    with_gaps: Sequence[WorkflowRow] = ()
    more_mine: bool = False
    feed: EventFreshness | None = None


@dataclass(frozen=True, slots=True)
class Hits(Generic[Item]):
    """The first results of one kind; ``more`` is whether there are further ones."""

    items: Sequence[Item] = ()
    more: bool = False

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True, slots=True)
class Found:
    """Results of a search, by kind."""

    templates: Hits[Template] = Hits()
    people: Hits[Person] = Hits()
    workflows: Hits[WorkflowRow] = Hits()
    launches: Hits[Launch] = Hits()

    def __len__(self) -> int:
        return len(self.templates) + len(self.people) + len(self.workflows) + len(self.launches)


def home_for(user: User) -> Home:
    """Return the home page of ``user``, who may see templates; launches only where they may see those."""
    favourites = list(templates.favourites(user=user, limit=FAVOURITES))
    suggestions: list[Template] = []
    if not favourites:
        filters = templates.Filters(state="active", launchable=user.has_perm("launches.launch_workflow"))
        suggestions = list(templates.others(user=user, filters=filters)[:FAVOURITES])
    if not user.has_perm("launches.view_launch"):
        return Home(favourites, suggestions)
    drafts = list(preparation.drafts(user)[: DRAFTS + 1])
    return Home(
        favourites,
        suggestions,
        drafts=drafts[:DRAFTS],
        more_drafts=len(drafts) > DRAFTS,
        prepared=preparation.needing_attention(user, ATTENTION),
        attention=launches.needing_attention(user, ATTENTION),
        latest=launches.recent_for(user, LATEST),
    )


def moving_for(user: User) -> Moving:
    """Return the workflows of the home page of ``user``, who may see workflows."""
    me = pneumatic_id_of(user)
    mine = workflows.assigned_to(user, MOVING + 1) if me is not None else []
    running = workflows.running(MOVING, not_assigned_to=me)
    shown_already = {workflow.pk for workflow in (*mine[:MOVING], *running)}
    gaps = [row for row in workflows.with_gaps(3 * MOVING) if row.pk not in shown_already][:MOVING]
    if not mine and not running and not gaps:
        return Moving()
    shown = iter(rows([*mine[:MOVING], *running, *gaps], me=me))
    return Moving(
        mine=[next(shown) for _workflow in mine[:MOVING]],
        others=[next(shown) for _workflow in running],
        with_gaps=list(shown),
        more_mine=len(mine) > MOVING,
        feed=event_freshness(),
    )


def found_for(user: User, query: str) -> Found:
    """Return the results for ``query`` that ``user``, who may see templates, may see; none for an empty one."""
    if not search_words(query):
        return Found()
    filters = templates.Filters(query=query)
    mine = list(templates.favourites(user=user, filters=filters, limit=HITS + 1))
    others = templates.others(user=user, filters=filters, without=mine)
    people: list[Person] = []
    if user.has_perm("accounts.view_pneumaticuser"):
        people = [as_person(found) for found in search_people(query, limit=HITS + 1, with_inactive=True)]
    launched: Sequence[Launch] = []
    if user.has_perm("launches.view_launch"):
        launched = list(launches.launches(launches.LaunchFilters(query=query))[: HITS + 1])
    moving: Sequence[Workflow] = []
    if user.has_perm("workflows.view_workflow"):
        moving = list(workflows.workflows(workflows.WorkflowFilters(query=query))[: HITS + 1])
    return Found(
        templates=_hits([*mine, *others[: HITS + 1 - len(mine)]]),
        people=_hits(people),
        workflows=_hits(rows(moving)),
        launches=_hits(launched),
    )


def _hits(items: Sequence[Item]) -> Hits[Item]:
    return Hits(items[:HITS], more=len(items) > HITS)
