"""Logs of the web server without secrets: gunicorn logs every path, and the receiver's path contains a token.

``gunicorn.conf.py`` sets the class, so gunicorn uses it whenever it is started in the project's folder.
"""

from __future__ import annotations

from gunicorn.config import Config
from gunicorn.glogging import Logger

from apps.core.redaction import RedactSecrets

_redact = RedactSecrets()


class RedactingLogger(Logger):  # type: ignore[misc] # gunicorn has no type hints
    """Gunicorn's logger; its error and access logs are redacted like the application's."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            log.addFilter(_redact)  # the same filter is added only once
