"""What every page needs to know about the product."""

from __future__ import annotations

from django.http import HttpRequest

from pneumatic_dash import __version__


def product(request: HttpRequest) -> dict[str, str]:
    """Return the product's name and version."""
    return {"product_name": "Pneumatic Dash", "product_version": __version__}
