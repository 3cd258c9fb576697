"""Name and version of the product, and what scripts must know of the settings, for every page."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from pneumatic_dash import __version__


def product(request: HttpRequest) -> dict[str, str | bool]:
    return {
        "product_name": "Pneumatic Dash",
        "product_version": __version__,
        "csrf_cookie_name": settings.CSRF_COOKIE_NAME,
        "has_second_factors": settings.SECOND_FACTORS != "off",
    }
