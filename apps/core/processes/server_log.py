"""Logs of the web server without secrets: gunicorn logs every path, and the receiver's path contains a token.

A wrong setting is one line in them, as `manage.py` prints it.

``gunicorn.conf.py`` sets the class, so gunicorn uses it whenever it is started in the project's folder.
"""

from __future__ import annotations

import sys
from typing import Any

from django.core.exceptions import ImproperlyConfigured
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

    def exception(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """Log the current exception with its traceback; of a wrong setting only the sentence."""
        error = sys.exception()
        if isinstance(error, ImproperlyConfigured):
            self.error("%s", error)
        else:
            super().exception(msg, *args, **kwargs)
