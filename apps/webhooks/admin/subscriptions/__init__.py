"""The admin page of subscriptions."""
