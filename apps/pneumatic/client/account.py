"""What the settings and the remembered server answer without a request."""

from __future__ import annotations

from django.conf import settings

from apps.pneumatic import detection
from apps.pneumatic.canonical.capabilities import Capabilities
from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.dialects import registry
from apps.pneumatic.transport import api


def capabilities() -> Capabilities:
    """Return what the configured server can do, as far as it was detected."""
    name = detection.active_dialect()
    return registry.choose(name).capabilities if name else Capabilities(is_known=False)


def event_name(kind: Kind) -> str:
    """Return the name that the API has for events of ``kind``, in its newest release; "" before it was detected."""
    name = detection.active_dialect()
    return registry.choose(name).event_names[kind] if name else ""


def longest_call() -> float:
    """Return the seconds that a request may take at most with the configured time-outs."""
    return api.longest_call(settings.PNEUMATIC_CONNECT_TIMEOUT, settings.PNEUMATIC_READ_TIMEOUT)


def workflow_url(workflow_id: int) -> str:
    """Return the URL of a workflow's page in Pneumatic's web app."""
    return f"{settings.PNEUMATIC_APP_URL}/workflows/{int(workflow_id)}"
