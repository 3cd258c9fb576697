"""The backend that checks passwords, for every page that asks for one (``django.contrib.auth.authenticate``)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axes.backends import AxesBackend
from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from apps.accounts.models import User
from apps.accounts.sign_in.handler import forgive

# Of the threads of a process: one hashes, two wait. The others serve pages and the receiver.
MAX_WAITING = 2


class PasswordSlots:
    """Lets one password be hashed at a time: that takes a processor for most of a second, by design."""

    def __init__(self) -> None:
        self._hashing = threading.Lock()
        self._places = threading.BoundedSemaphore(1 + MAX_WAITING)

    @contextmanager
    def place(self) -> Iterator[bool]:
        """Give a place, before anything is read or counted; False where all are taken."""
        if not self._places.acquire(blocking=False):
            yield False
            return
        try:
            yield True
        finally:
            self._places.release()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for the passwords before this one; at most ``MAX_WAITING``, each has a place."""
        with self._hashing:
            yield


slots = PasswordSlots()


class PasswordBackend(AxesBackend):
    """Users of the database with their passwords. Each password is counted before it is checked."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """Return the user whose password this is; None for a wrong one.

        Raise PermissionDenied, which ends Django's ``authenticate``, when it may not be checked now.
        """
        if username is None or password is None:
            return None
        request = request or HttpRequest()  # a script, without an address
        with slots.place() as has_place:
            if not has_place:
                request.sign_in_busy = True  # type: ignore[attr-defined] # read by the form and the middleware
                raise PermissionDenied
            super().authenticate(request, username=username)
            with slots.turn():
                user = ModelBackend.authenticate(self, request, username=username, password=password)
        if user is not None:
            forgive(request)
        return user
