"""The web server's own logs, without secrets: gunicorn writes every path down, and the receiver's is one.

``gunicorn.conf.py`` names the class, so whoever starts gunicorn in the project's folder has it.
"""

from __future__ import annotations

from gunicorn.config import Config
from gunicorn.glogging import Logger

from apps.core.redaction import RedactSecrets

_redact = RedactSecrets()


class RedactingLogger(Logger):  # type: ignore[misc] # gunicorn has no type hints
    """Gunicorn's logger; both of its logs, whatever format they have, are redacted like the application's."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            log.addFilter(_redact)  # the same filter is added only once
