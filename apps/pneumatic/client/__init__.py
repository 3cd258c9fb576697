"""The calls of the Pneumatic API, and how to open a connection for them."""

from __future__ import annotations

from apps.pneumatic.client.account import capabilities, longest_call, workflow_url
from apps.pneumatic.client.client import Client, connect

__all__ = ["Client", "capabilities", "connect", "longest_call", "workflow_url"]
