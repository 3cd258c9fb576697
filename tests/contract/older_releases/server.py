"""One server that answers with the recordings of any release, one release at a time."""

from __future__ import annotations

from collections.abc import Callable

from apps.pneumatic.client import Client
from tests.contract.recordings import Exchange, give
from tests.pneumatic.servers import Seen, Server, Talk


class ReplayServer(Server):
    """Answers each path with the recording that was chosen for it last, and any other with 404 and a page.

    ``given`` are the names of the recordings that were sent.
    """

    def __init__(self) -> None:
        self.given: list[str] = []
        self._answers: dict[str, Exchange] = {}
        super().__init__(self._answer)

    def choose(self, *recordings: Exchange) -> None:
        """Answer with these recordings from now on, and forget what was requested before."""
        self._answers = {found.place: found for found in recordings}
        self.seen.clear()

    @property
    def requested(self) -> list[str]:
        """Return the requests since the last choice, without queries."""
        return [f"{seen.method} {seen.target.partition('?')[0]}" for seen in self.seen]

    def _answer(self, seen: Seen, talk: Talk) -> None:
        found = self._answers.get(f"{seen.method} {seen.target.partition('?')[0]}")
        if seen.method == "PUT":
            talk.answer(200, b"", kind="text/plain")  # the storage, which has no recordings
        elif found is None:
            talk.answer(404, b"<h1>Not Found</h1>", kind="text/html")
        else:
            self.given.append(found.name)
            give(found, talk)


Play = Callable[..., Client]  # of recordings, and the names of others of the same release
