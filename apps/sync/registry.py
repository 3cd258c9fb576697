"""Resources that can be synchronised. The apps above register theirs in ``AppConfig.ready()``."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from apps.pneumatic.canonical.serialization import content_hash

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from apps.pneumatic.canonical.capabilities import Capabilities
    from apps.pneumatic.canonical.schemas import Received
    from apps.pneumatic.client import Client

Fetched = TypeVar("Fetched")
Row = TypeVar("Row")
Progress = Callable[[int, "int | None"], None]  # objects fetched, total (None: not known yet)


class Resource(ABC, Generic[Fetched, Row]):
    """A kind of upstream object and its mirror.

    The engine compares by id and content hash. It makes and keeps a ``Row`` only for new and changed objects, so that
    unchanged ones take no memory.
    """

    name: ClassVar[str]  # on the command line
    label: ClassVar[_StrPromise]  # on pages
    # Whether a run is refused that would mark more than a fifth as removed. Off for resources with few objects.
    guards_removals: ClassVar[bool] = True
    # Whether pages warn when its last sync is too long ago.
    counts_for_freshness: ClassVar[bool] = True
    # Whether a run succeeds when the API key has no access to it.
    may_be_forbidden: ClassVar[bool] = False

    def is_supported(self, capabilities: Capabilities) -> bool:
        """Return whether the server has this resource; where it has not, runs and pages leave it out."""
        return True

    @abstractmethod
    def known_hashes(self) -> dict[int, str | None]:
        """Return the content hash of every mirrored object by id; None for one that is marked removed."""

    @abstractmethod
    def fetch(self, client: Client, *, progress: Progress) -> Iterator[Received[Fetched]]:
        """Yield every object in Pneumatic; raise PneumaticError when the listing is not complete."""

    def content_hash(self, item: Received[Fetched]) -> str:
        """Return the hash of all that is mirrored of ``item``; raise UnexpectedResponse when it cannot be read."""
        return content_hash(item.raw)

    @abstractmethod
    def row(self, item: Received[Fetched], *, content_hash: str) -> Row:
        """Return ``item`` as it will be written; raise UnexpectedResponse when it cannot be read."""

    @abstractmethod
    def title(self, row: Row) -> str:
        """Return the name of ``row`` for users."""

    @abstractmethod
    def write(self, rows: Sequence[Row], *, removed: Collection[int], now: dt.datetime) -> None:
        """Write new and changed rows and mark ``removed``; called in a transaction."""

    @abstractmethod
    def names(self, ids: Collection[int]) -> dict[int, str]:
        """Return the names of mirrored objects by id."""

    def after_sync(self, *, error: str, now: dt.datetime) -> None:
        """React to the end of a sync that was no dry run; ``error`` is why it failed, or ""."""

    def scope(self) -> str:
        """Return a sentence about the part that the API key can see; '' where it can see everything."""
        return ""

    def notes(self) -> list[str]:
        """Return lines about the mirror that the command line prints below the counts."""
        return []


FollowUp = Callable[[], object]
_follow_ups: list[FollowUp] = []
_resources: dict[str, Resource[Any, Any]] = {}


def register(resource: Resource[Any, Any]) -> None:
    """Make ``resource`` part of every sync; raise RuntimeError when its name is taken."""
    if resource.name in _resources:
        raise RuntimeError(f"A resource named {resource.name!r} is registered already.")
    _resources[resource.name] = resource


def names() -> list[str]:
    """Return the names of all resources, in the order in which they are synchronised."""
    return list(_resources)


def get(name: str) -> Resource[Any, Any]:
    """Return a resource by name; raise KeyError for an unknown one."""
    return _resources[name]


def label(name: str) -> str:
    """Return the label of a resource; its name when it is no longer registered."""
    resource = _resources.get(name)
    return str(resource.label) if resource else name


def register_follow_up(follow_up: FollowUp) -> None:
    """Have ``follow_up()`` run after each sync that may have written something."""
    if follow_up not in _follow_ups:
        _follow_ups.append(follow_up)


def follow_ups() -> tuple[FollowUp, ...]:
    """Return what runs after a sync."""
    return tuple(_follow_ups)
