"""Who made a request that was refused, for the log."""

from __future__ import annotations

import logging

from apps.core.identifiers import client_address

_REFUSED = {401, 403, 429}


class AddAccount(logging.Filter):
    """A filter of ``django.request``: adds account and address to refusals."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Read only what the request has already: a log must not query the database.

        A logger that is configured twice has the filter twice.
        """
        request = getattr(record, "request", None)
        is_refused = getattr(record, "status_code", 0) in _REFUSED
        if request is not None and is_refused and not hasattr(record, "account"):
            user = getattr(request, "_cached_user", None)
            account = user.get_username() if user is not None and user.is_authenticated else "none"
            record.account = account
            arguments = (record.getMessage(), account, client_address(request))
            record.msg, record.args = "%s (account %s, address %s)", arguments
        return True
