"""What can be synchronised. The apps above register their resources in ``AppConfig.ready()``."""

from __future__ import annotations

import datetime as dt
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from apps.pneumatic.canonical.capabilities import Capabilities
    from apps.pneumatic.client import Client

Fetched = TypeVar("Fetched")
Row = TypeVar("Row")
Progress = Callable[[int, "int | None"], None]  # objects so far, of how many (None: not known yet)


class Resource(ABC, Generic[Fetched, Row]):
    """A kind of upstream object and its mirror.

    The engine compares by id and content hash. It makes and keeps a ``Row`` only of what is new or changed, so that
    an unchanged object is forgotten as soon as its hash is known.
    """

    name: ClassVar[str]  # what the command line calls it
    label: ClassVar[_StrPromise]  # what pages call it
    # Whether a run that would mark more than a fifth as removed stops and asks. Not for what comes in handfuls.
    guards_removals: ClassVar[bool] = True
    # Whether pages warn when it is old: what they show of templates and people rests on it.
    counts_for_freshness: ClassVar[bool] = True
    # Whether a run is a success all the same when the key may not see it: what is there does without.
    may_be_forbidden: ClassVar[bool] = False

    def is_supported(self, capabilities: Capabilities) -> bool:
        """Return whether the server has such a thing at all; where it has not, no run and no page speaks of it."""
        return True

    @abstractmethod
    def known_hashes(self) -> dict[int, str | None]:
        """Return the content hash of every mirrored object by id; None for one that is marked removed."""

    @abstractmethod
    def fetch(self, client: Client, *, progress: Progress) -> Iterator[Fetched]:
        """Give every object that exists upstream; raise PneumaticError when the listing is not complete."""

    @abstractmethod
    def identify(self, item: Fetched) -> int:
        """Return the id of ``item``."""

    @abstractmethod
    def content_hash(self, item: Fetched) -> str:
        """Return the hash of all that is mirrored of ``item``."""

    @abstractmethod
    def row(self, item: Fetched, *, content_hash: str) -> Row:
        """Return ``item`` as it will be written; raise UnexpectedResponse when it cannot be read."""

    @abstractmethod
    def title(self, row: Row) -> str:
        """Return the name that people know ``row`` by."""

    @abstractmethod
    def write(self, rows: Sequence[Row], *, removed: Collection[int], now: dt.datetime) -> None:
        """Write new and changed rows and mark ``removed``; called in a transaction."""

    @abstractmethod
    def names(self, ids: Collection[int]) -> dict[int, str]:
        """Return the names of mirrored objects by id."""

    def after_sync(self, *, error: str, now: dt.datetime) -> None:
        """Hear that the resource was synchronised, or why it was not; called after every run that is not dry."""

    def scope(self) -> str:
        """Return in a sentence which part of what there is the key sees; '' where it sees everything."""
        return ""

    def notes(self) -> list[str]:
        """Return what the command line says about the mirror, besides what changed; a line each."""
        return []


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
    """Return what pages call a resource; the name itself for one that is registered no more."""
    resource = _resources.get(name)
    return str(resource.label) if resource else name
