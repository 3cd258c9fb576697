"""The calls of the Pneumatic API, and how to open a connection for them."""

from __future__ import annotations

from apps.pneumatic.client.account import capabilities, event_name, longest_call, workflow_url
from apps.pneumatic.client.client import Client, connect
from apps.pneumatic.client.on_demand import OpenClient, client_on_demand

__all__ = [
    "Client",
    "OpenClient",
    "capabilities",
    "client_on_demand",
    "connect",
    "event_name",
    "longest_call",
    "workflow_url",
]
