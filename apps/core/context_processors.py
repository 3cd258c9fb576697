"""Name and version of the product, for every page."""

from __future__ import annotations

from django.http import HttpRequest

from pneumatic_dash import __version__


def product(request: HttpRequest) -> dict[str, str]:
    return {"product_name": "Pneumatic Dash", "product_version": __version__}
