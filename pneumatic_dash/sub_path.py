"""The path of PUBLIC_URL, where a proxy serves the dashboard below a path of a host."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

WSGIApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class BelowPath:
    """Serve an application below ``path``, whether the proxy passes that path on or removes it."""

    def __init__(self, application: WSGIApplication, path: str) -> None:
        self.application = application
        self.path = path

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Remove the path from PATH_INFO; Django writes it in front of the addresses it builds (FORCE_SCRIPT_NAME)."""
        if f"{environ['PATH_INFO']}/".startswith(f"{self.path}/"):
            environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix(self.path) or "/"
        return self.application(environ, start_response)
