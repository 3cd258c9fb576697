from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.urls import path

from apps.accounts import views
from apps.accounts.second_factors import views as second_factors
from apps.accounts.sign_in import sessions

urlpatterns = [
    path("login/", views.SignInView.as_view(), name="login"),
    # The second step of a sign-in, and second factors: not found unless SECOND_FACTORS turns them on.
    path("login/code/", second_factors.SignInCodeView.as_view(), name="sign-in-code"),
    path("account/second-factor/", second_factors.second_factor, name="second-factor"),
    path("account/second-factor/qr.svg", second_factors.qr_code, name="second-factor-qr"),
    path("account/password/", views.ChangePassword.as_view(), name="password-change"),
    path("account/activity/", sessions.activity, name="session-activity"),
    # A user who is signed out already gets the login page.
    path("logout/", login_not_required(LogoutView.as_view()), name="logout"),
    # Replaces the admin's login page, so that there is only one.
    path("admin/login/", views.admin_login),
]

if settings.OIDC_ISSUER:
    from apps.accounts.single_sign_on.urls import urlpatterns as single_sign_on

    urlpatterns += single_sign_on
