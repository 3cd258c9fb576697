from __future__ import annotations

from django.conf import settings
from django.urls import path

from apps.accounts.single_sign_on import views

urlpatterns = [
    path("login/single-sign-on/", views.StartView.as_view(), name="single-sign-on"),
    # allauth looks this name up, with the provider.
    path(
        "login/single-sign-on/callback/",
        views.callback,
        {"provider_id": settings.OIDC_ISSUER},
        name="openid_connect_callback",
    ),
]
