"""All calls of the Pneumatic API in one client, and how to open it from the settings."""

from __future__ import annotations

import re

from django.conf import settings
from django.utils.translation import gettext as _

from apps.pneumatic import detection
from apps.pneumatic.client.launches import LaunchCalls
from apps.pneumatic.client.mirror import MirrorCalls
from apps.pneumatic.client.subscriptions import SubscriptionCalls
from apps.pneumatic.client.workflows import WorkflowCalls
from apps.pneumatic.dialects import registry
from apps.pneumatic.errors import ConfigurationError

_KEY = re.compile(r"[\x21-\x7e]+")


class Client(MirrorCalls, LaunchCalls, SubscriptionCalls, WorkflowCalls):
    """A connection to one Pneumatic account, with the calls of every subject."""


def connect(*, read_timeout: float | None = None) -> Client:
    """Return a client for the configured account; raise ConfigurationError. No request is made.

    ``read_timeout`` (seconds) can only shorten PNEUMATIC_READ_TIMEOUT.
    """
    if not settings.PNEUMATIC_API_URL:
        raise ConfigurationError(_("PNEUMATIC_API_URL is empty. Set it to the URL of Pneumatic's API."))
    if not settings.PNEUMATIC_API_KEY:
        raise ConfigurationError(
            _("PNEUMATIC_API_KEY is empty. Set it to the key from Pneumatic's Integrations page.")
        )
    if not _KEY.fullmatch(settings.PNEUMATIC_API_KEY):
        raise ConfigurationError(
            _("PNEUMATIC_API_KEY contains a blank or another invalid character. Copy the key again.")
        )
    name = detection.active_dialect()
    try:
        return Client(
            api_url=settings.PNEUMATIC_API_URL,
            api_key=settings.PNEUMATIC_API_KEY,
            dialect=registry.choose(name) if name else None,
            connect_timeout=settings.PNEUMATIC_CONNECT_TIMEOUT,
            read_timeout=min(
                read_timeout or settings.PNEUMATIC_READ_TIMEOUT, settings.PNEUMATIC_READ_TIMEOUT
            ),
        )
    except ValueError:  # how requests refuses a URL
        mistake = ConfigurationError(
            _("PNEUMATIC_API_URL is not a valid URL. Example: https://api.pneumatic.app.")
        )
    raise mistake
