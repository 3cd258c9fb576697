"""The API keys: their users, and which of them the current file service has accepted."""

from __future__ import annotations

import hmac

OWNER = 0  # the account's owner, who may change


class Keys:
    """``main`` is the key of the command line: it belongs to the account's owner and stays."""

    def __init__(self, main: str) -> None:
        self._main = main
        self._owners = {main: OWNER}
        self._accepted = {main}

    def add(self, key: str, user_id: int) -> None:
        """Let a key act as a user from now on; the file service knows it, as after the sign-in that made it."""
        self._owners[key] = user_id
        self._accepted.add(key)

    def reset(self) -> None:
        """Forget all keys but the first."""
        self._owners = {self._main: OWNER}
        self._accepted = {self._main}

    def find(self, given: str) -> int | None:
        """Return the id of the user whose key was given, OWNER for the first key, None for one that is not valid."""
        found = None
        for key, user_id in self._owners.items():
            # Each compared in constant time, as a real server should; latin-1 is how header bytes were decoded.
            if hmac.compare_digest(key.encode(), given.encode("latin-1", "replace")):
                found = user_id
        return found

    def accept(self, key: str) -> None:
        """Remember that the API was called with this key: the file service knows it from now on."""
        self._accepted.add(key)

    def is_accepted(self, key: str) -> bool:
        """Return whether the file service knows a key that is valid."""
        return key in self._accepted

    def forget_accepted(self) -> None:
        """Let the file service forget all keys, as after the loss of its cache."""
        self._accepted.clear()
