"""To the provider, and back from it."""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import get_adapter
from allauth.socialaccount.providers.base.constants import AuthProcess
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.http import require_GET

from apps.accounts.second_factors import pending
from apps.accounts.sign_in.redirects import LongRedirectMixin
from apps.accounts.single_sign_on import pages

logger = logging.getLogger(__name__)

# A browser that never comes back leaves a session behind; the worker deletes those that have ended.
BROWSER_AWAY_SECONDS = 3600
# Of the threads of a process: a provider that is silent must leave most of them to pages and the receiver.
MAX_AT_ONCE = 2
_places = threading.BoundedSemaphore(MAX_AT_ONCE)
# No response (errors of requests are OSErrors), or one that is not of OpenID Connect: allauth reads it without looking.
_NO_ANSWER = (OSError, AttributeError, LookupError, TypeError, ValueError)


def _asks_the_provider(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Run a view that waits for the provider, and show a page where that fails."""

    @functools.wraps(view)
    def bounded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not _places.acquire(blocking=False):
            return pages.busy(request)
        try:
            return view(request, *args, **kwargs)
        except ImmediateHttpResponse as page:
            response: HttpResponse = page.response
            return response
        except _NO_ANSWER as error:
            logger.warning("Single sign-on failed: %s: %s", type(error).__name__, error)
            return pages.unavailable(request)
        finally:
            _places.release()

    return bounded


@method_decorator([login_not_required, require_GET, _asks_the_provider], name="dispatch")
class StartView(LongRedirectMixin, View):
    """Send the browser to the provider.

    A link, not a form: the Content-Security-Policy lets no form lead to another site. Nothing in the address but
    ``next`` has an effect; allauth's own view passes more on to the provider.
    """

    def get(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            return redirect(self.get_redirect_url() or settings.LOGIN_REDIRECT_URL)
        provider = get_adapter().get_provider(request, settings.OIDC_ISSUER)
        response: HttpResponse = provider.redirect(
            request, AuthProcess.LOGIN, next_url=self.get_redirect_url() or None
        )
        request.session.set_expiry(BROWSER_AWAY_SECONDS)
        return response


@login_not_required
@require_GET
@_asks_the_provider
def callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Sign in the person whom the provider sends back."""
    adapter = OpenIDConnectOAuth2Adapter(request, provider_id)
    view = OAuth2CallbackView.adapter_view(adapter)  # type: ignore[no-untyped-call] # allauth has no type here
    response: HttpResponse = view(request)
    if request.user.is_authenticated:
        pending.forget(request)
        pending.prove(request, pending.PROVIDER)
        request.session.set_expiry(None)  # from now on as long as any session
    return response
