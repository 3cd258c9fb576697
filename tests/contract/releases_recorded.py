"""The recordings of older releases, by the tag of each."""

from __future__ import annotations

from tests.contract.recordings import RELEASES, Exchange, exchange

TAGS = sorted(path.name for path in RELEASES.iterdir() if path.is_dir())


def recorded(tag: str, name: str) -> Exchange:
    return exchange(name, RELEASES / tag)


def accepted(tag: str, *names: str) -> Exchange:
    """Return the one recording of these that the release accepted."""
    (found,) = [recorded(tag, name) for name in names if recorded(tag, name).status == 200]
    return found
