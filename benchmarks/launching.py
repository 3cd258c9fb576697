"""People who launch without a pause while processes die: each sends a form until it leads to a launch.

Like a person at a browser, they send the same form again after an error page or a broken connection.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

import requests

from demo.browser import BrowserPage

FORM = "/templates/2/launch/"  # of the data set "small": it asks for a name only
TIMEOUT_SECONDS = 60.0
RETRY_SECONDS = 0.1
PAUSE_SECONDS = 0.1
STOP_SECONDS = 60.0  # for the form that was started


@dataclass
class Launching:
    """What was launched: the names of the workflows, with the paths that the dashboard confirmed."""

    url: str
    sessions: Sequence[str]  # a key for each person: two tabs of one would share a form
    session_cookie: str
    csrf_cookie: str
    confirmed: dict[str, str] = field(default_factory=dict)
    resent: int = 0
    refused: list[str] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _stop: threading.Event = field(default_factory=threading.Event)
    _give_up_at: float = math.inf

    @contextmanager
    def people(self) -> Iterator[None]:
        """Let everyone launch during the block; at its end each finishes the form that was started."""
        threads = [threading.Thread(target=self._launch_until_stopped, args=[key]) for key in self.sessions]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._give_up_at = time.monotonic() + STOP_SECONDS
            self._stop.set()
            for thread in threads:
                thread.join()

    def _launch_until_stopped(self, key: str) -> None:
        with requests.Session() as session:
            session.trust_env = False
            session.cookies.set(self.session_cookie, key)
            while not self._stop.wait(PAUSE_SECONDS):
                self._launch(session, f"Killed {next(self._numbers)}")

    def _launch(self, session: requests.Session, name: str) -> None:
        try:
            self._fill_in_and_send(session, name)
        except TimeoutError:
            self.refused.append(f"{name}: no response")

    def _fill_in_and_send(self, session: requests.Session, name: str) -> None:
        page = self._until_answered(session, "GET")
        controls = {**BrowserPage.read(page).hidden, "name": name, "launch": "1"}
        session.cookies.set(self.csrf_cookie, controls["csrfmiddlewaretoken"])
        response = self._until_answered(session, "POST", controls)
        if response.status_code == requests.codes.found:
            self.confirmed[name] = response.headers["Location"]
        else:
            self.refused.append(f"{name}: {response.status_code}")

    def _until_answered(
        self, session: requests.Session, method: str, controls: Mapping[str, str] | None = None
    ) -> requests.Response:
        """Send until the response is neither an error of the server nor missing; raise TimeoutError at the end."""
        while time.monotonic() < self._give_up_at:
            try:
                response = session.request(
                    method,
                    self.url + FORM,
                    data=controls,
                    allow_redirects=False,
                    timeout=TIMEOUT_SECONDS,
                )
                if response.status_code < requests.codes.server_error:
                    return response
            except requests.RequestException:
                pass
            self.resent += method == "POST"
            time.sleep(RETRY_SECONDS)
        raise TimeoutError
