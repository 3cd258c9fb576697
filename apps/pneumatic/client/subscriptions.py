"""The calls that list and change webhook subscriptions."""

from __future__ import annotations

from django.views.decorators.debug import sensitive_variables

from apps.pneumatic.canonical.events import Kind
from apps.pneumatic.canonical.schemas import Received, Subscription
from apps.pneumatic.client.base import BaseClient


class SubscriptionCalls(BaseClient):
    """Webhook subscriptions. Every method makes requests and raises PneumaticError.

    A change is sent once. After Unavailable or UnexpectedResponse it may have been made: list again to see.
    """

    def list_subscriptions(self, *, repeat: bool = True) -> list[Subscription]:
        """Return every webhook subscription of the account (Get All Webhooks); ``repeat=False`` retries nothing."""
        return [row.read() for row in self.receive_subscriptions(repeat=repeat)]

    def receive_subscriptions(self, *, repeat: bool = True) -> list[Received[Subscription]]:
        """Return the same, not parsed yet, so that one which cannot be read does not hide the others."""
        with self._expect_found():
            return self._dialect.subscriptions(self._transport, repeat=repeat)

    @sensitive_variables("target")
    def subscribe(self, *, kind: Kind, target: str) -> Subscription:
        """Subscribe the URL ``target`` to events of ``kind`` (Subscribe).

        Where ``capabilities.one_url_per_event``, it replaces the URL that the key's user had for the event, without an
        error. Raise ValidationFailed if the server refuses the URL.
        """
        with self._expect_found():
            return self._dialect.subscribe(self._transport, kind=kind, target=target)

    def unsubscribe(self, subscription: Subscription) -> None:
        """End one subscription (Unsubscribe by Webhook ID).

        Where ``capabilities.one_url_per_event``, it ends the event for every user of the account. Raise NotFound if the
        subscription no longer exists or has another target.
        """
        self._dialect.unsubscribe(self._transport, subscription)

    @sensitive_variables("target")
    def unsubscribe_target(self, target: str) -> None:
        """End every subscription of the URL ``target`` (Unsubscribe by Target URL); otherwise like ``unsubscribe``."""
        self._dialect.unsubscribe_target(self._transport, target)
