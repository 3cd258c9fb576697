"""What the home page and the search show, gathered from the apps below and bounded by what somebody may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from apps.accounts.models import PneumaticUser, User
from apps.accounts.selectors import search_people
from apps.launches import selectors as launches
from apps.launches.models import Launch
from apps.workflow_templates import selectors as templates
from apps.workflow_templates.models import Template

FAVOURITES = 6
LATEST = 8
ATTENTION = 5
HITS = 8

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Home:
    """What somebody wants to see first; ``suggestions`` are templates for those who have no favourites yet."""

    favourites: Sequence[Template] = ()
    suggestions: Sequence[Template] = ()
    attention: Sequence[Launch] = ()
    latest: Sequence[Launch] = ()


@dataclass(frozen=True, slots=True)
class Hits(Generic[Item]):
    """The first hits of one kind, and whether there are more."""

    items: Sequence[Item] = ()
    more: bool = False

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, by kind."""

    templates: Hits[Template] = Hits()
    people: Hits[PneumaticUser] = Hits()
    launches: Hits[Launch] = Hits()

    def __len__(self) -> int:
        return len(self.templates) + len(self.people) + len(self.launches)


def home_for(user: User) -> Home:
    """Return the home page of ``user``, who may see templates; launches only where they may see those."""
    favourites = list(templates.favourites(user=user, limit=FAVOURITES))
    suggestions: list[Template] = []
    if not favourites:
        filters = templates.Filters(state="active", launchable=user.has_perm("launches.launch_workflow"))
        suggestions = list(templates.others(user=user, filters=filters)[:FAVOURITES])
    if not user.has_perm("launches.view_launch"):
        return Home(favourites, suggestions)
    return Home(
        favourites,
        suggestions,
        attention=launches.needing_attention(user, ATTENTION),
        latest=launches.recent_for(user, LATEST),
    )


def found_for(user: User, query: str) -> Found:
    """Return what fits ``query`` of what ``user``, who may see templates, may see; nothing for an empty one."""
    if not query:
        return Found()
    filters = templates.Filters(query=query)
    mine = list(templates.favourites(user=user, filters=filters, limit=HITS + 1))
    others = templates.others(user=user, filters=filters, without=mine)
    people: Sequence[PneumaticUser] = []
    if user.has_perm("accounts.view_pneumaticuser"):
        people = search_people(query, limit=HITS + 1)
    launched: Sequence[Launch] = []
    if user.has_perm("launches.view_launch"):
        launched = list(launches.launches(launches.Filters(query=query))[: HITS + 1])
    return Found(_hits([*mine, *others[: HITS + 1 - len(mine)]]), _hits(people), _hits(launched))


def _hits(items: Sequence[Item]) -> Hits[Item]:
    return Hits(items[:HITS], more=len(items) > HITS)
