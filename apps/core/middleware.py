"""Middleware for all pages."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseRedirectBase
from django.shortcuts import resolve_url
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails


class HtmxLoginRedirectMiddleware:
    """Turn a redirect to the login page into one of the whole page when htmx requested a fragment.

    Otherwise the browser follows the redirect, and htmx inserts the login page into a part of the page. It belongs
    after ``HtmxMiddleware``, whose ``request.htmx`` it reads, and before ``LoginRequiredMiddleware``. After signing
    in, users return to the page that they were on, not to its fragment.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined] # set by HtmxMiddleware
        if not htmx or not isinstance(response, HttpResponseRedirectBase):
            return response
        login_url = resolve_url(settings.LOGIN_URL)
        if urlsplit(response.url).path != urlsplit(login_url).path:
            return response
        back = _current_path(htmx) or resolve_url(settings.LOGIN_REDIRECT_URL)
        redirect = HttpResponseClientRedirect(redirect_to_login(back, login_url).url)
        patch_vary_headers(redirect, ["HX-Request"])
        return redirect


def _current_path(htmx: HtmxDetails) -> str | None:
    """Return the path of the page that the request came from; None for another site's, and for what is no URL."""
    try:
        return htmx.current_url_abs_path
    except ValueError:
        return None
