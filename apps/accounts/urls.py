from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from apps.accounts import views

urlpatterns = [
    path("login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("account/password/", views.ChangePassword.as_view(), name="password-change"),
    # Whoever is signed out already is simply shown the login page.
    path("logout/", login_not_required(LogoutView.as_view()), name="logout"),
    # Before the admin's own, so that there is one page to sign in on.
    path("admin/login/", views.admin_login),
]
