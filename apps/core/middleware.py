"""Middleware for all pages, and headers for every response."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseRedirectBase
from django.middleware.security import SecurityMiddleware
from django.shortcuts import resolve_url
from django.template.response import TemplateResponse
from django.urls import get_script_prefix, resolve
from django.utils.cache import patch_vary_headers
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

MAX_ADDRESS_CHARACTERS = 4000  # servers and proxies read at least 8,000 bytes of an address
# What no page of the dashboard uses.
_UNUSED_FEATURES = (
    "accelerometer",
    "autoplay",
    "browsing-topics",
    "camera",
    "display-capture",
    "encrypted-media",
    "fullscreen",
    "geolocation",
    "gyroscope",
    "magnetometer",
    "microphone",
    "midi",
    "payment",
    "picture-in-picture",
    "publickey-credentials-get",
    "screen-wake-lock",
    "serial",
    "usb",
    "xr-spatial-tracking",
)
_DEFAULTS = {
    "Cache-Control": "no-store, private",
    # Pages have their own, from CSPMiddleware; this one is for what is no page.
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": ", ".join(f"{feature}=()" for feature in _UNUSED_FEATURES),
}


class ResponseHeadersMiddleware(SecurityMiddleware):
    """Set the security headers of every response: pages, errors, redirects, static files, the receiver, probes.

    It is the first middleware, so nothing responds without it. Views and other middleware may set the same headers
    before. Django's own class, which is used too, also redirects to https; for the receiver that would lose the body.
    """

    def process_request(self, request: HttpRequest) -> None:
        """Redirect nothing."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        for name, value in {**_DEFAULTS, "X-Frame-Options": settings.X_FRAME_OPTIONS}.items():
            response.headers.setdefault(name, value)
        return super().process_response(request, response)


class LongLoginRedirectMiddleware:
    """Show the login page in place of a redirect to it whose address would be too long.

    A link may fill in a form with thousands of characters; a part of another address, it is up to three times as long.
    It belongs before the middleware that redirects.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not isinstance(response, HttpResponseRedirectBase) or len(response.url) <= MAX_ADDRESS_CHARACTERS:
            return response
        address = urlsplit(response.url)
        if address.path != urlsplit(resolve_url(settings.LOGIN_URL)).path:
            return response
        request.GET = QueryDict(address.query)
        page = resolve(f"/{address.path.removeprefix(get_script_prefix())}").func(request)
        return page.render() if isinstance(page, TemplateResponse) else page


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
