"""What django-allauth does with a person of the provider here: sign in to an account, or say why not.

Its own pages and its sign-up are never reached.
"""

from __future__ import annotations

import logging
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.providers.base.constants import AuthError
from django.http import HttpRequest

from apps.accounts.sign_in.handler import log_refusal
from apps.accounts.single_sign_on import pages
from apps.accounts.single_sign_on.accounts import RefusedSignIn, sign_in_account
from apps.accounts.single_sign_on.identity import read_identity

logger = logging.getLogger(__name__)


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    """Decides about accounts before allauth does."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Set the account that is signed in to. Of what the provider sent, only the subject is stored."""
        identity = read_identity(sociallogin.account.extra_data)
        try:
            link = sign_in_account(identity)
        except RefusedSignIn as refusal:
            log_refusal(request, refusal.username, refusal.reason.word)
            raise ImmediateHttpResponse(pages.refused(request, refusal.reason.sentence)) from refusal
        if link.extra_data:  # allauth has updated the link of an earlier sign-in
            link.extra_data = {}
            link.save(update_fields=["extra_data"])
        sociallogin.account, sociallogin.user = link, link.user

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: object,
        error: str | None = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        """Answer with a page of ours, always. ``extra_context`` has the state that was stored at the start."""
        if exception is None and "state" not in (extra_context or {}):
            raise ImmediateHttpResponse(pages.interrupted(request))
        if error == AuthError.CANCELLED:
            raise ImmediateHttpResponse(pages.cancelled(request))
        logger.warning("Single sign-on failed: %s.", exception or ascii(request.GET.get("error"))[:100])
        raise ImmediateHttpResponse(pages.unavailable(request))
