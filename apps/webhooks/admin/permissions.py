"""Permissions of the webhook pages in Django admin."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

VIEW, MANAGE = "webhooks.view_subscription", "webhooks.manage_subscriptions"
VIEW_DELIVERY, VIEW_EVENT, REPLAY = (
    "webhooks.view_delivery",
    "webhooks.view_event",
    "webhooks.replay_delivery",
)

View = Callable[..., HttpResponse]


def needs(permission: str) -> Callable[[View], View]:
    """Raise PermissionDenied for users without ``permission``, and forbid caches to keep the response."""

    def decorate(view: View) -> View:
        @never_cache
        @wraps(view)
        def checked(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            if not request.user.has_perm(permission):
                raise PermissionDenied
            return view(request, **kwargs)

        return checked

    return decorate
