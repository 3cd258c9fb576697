"""Which account a person of the provider signs in to, and with which roles."""

from __future__ import annotations

import logging
from enum import Enum

from allauth.socialaccount.models import SocialAccount
from django.conf import settings
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import User
from apps.accounts.single_sign_on.identity import Identity

logger = logging.getLogger(__name__)

_MAX_USERNAME = 150


class Reason(Enum):
    """Why a person of the provider may not sign in: a word for the log, a sentence for the page."""

    NOT_VERIFIED = "no verified e-mail", _("The provider has not verified your e-mail address.")
    NO_ACCOUNT = "no account", _("No account of this dashboard has your e-mail address.")
    NO_ROLE = "no account and no role", _("None of your groups has a role in this dashboard.")
    INACTIVE = "inactive account", _("Your account is not active.")
    SEVERAL = "several accounts", _("Several accounts of this dashboard have your e-mail address.")
    OTHER_PERSON = (
        "linked to another person",
        _("The account with your e-mail address belongs to another person."),
    )

    def __init__(self, word: str, sentence: Promise) -> None:
        self.word = word
        self.sentence = sentence


class RefusedSignIn(Exception):
    """The person has no account to sign in to; ``username`` is the nearest to a name that is known."""

    def __init__(self, reason: Reason, username: str) -> None:
        super().__init__(reason.word)
        self.reason = reason
        self.username = username


def sign_in_account(identity: Identity) -> SocialAccount:
    """Return the link of the person to an account, with the roles of the person's groups.

    The account is the one with the person's verified e-mail address. From the first sign-in on it belongs to this
    person: an address that the provider gives to someone else later opens nothing. Raise RefusedSignIn.
    """
    with transaction.atomic():
        user = _account_of(identity)
        link, _is_new = SocialAccount._default_manager.get_or_create(
            provider=settings.OIDC_ISSUER, uid=identity.subject, defaults={"user": user}
        )
        linked = SocialAccount._default_manager.filter(provider=settings.OIDC_ISSUER, user=user)
        if link.user != user or linked.exclude(pk=link.pk).exists():
            raise RefusedSignIn(Reason.OTHER_PERSON, user.get_username())
        _follow_groups(user, identity.groups)
    return link


def _account_of(identity: Identity) -> User:
    if not identity.email:
        raise RefusedSignIn(Reason.NOT_VERIFIED, identity.subject)
    found = [
        user
        for user in User.objects.filter(email__iexact=identity.email)
        if _is_same_address(user.email, identity.email)
    ]
    if len(found) > 1:
        raise RefusedSignIn(Reason.SEVERAL, identity.email)
    user = found[0] if found else _create(identity)
    if not user.is_active:
        raise RefusedSignIn(Reason.INACTIVE, user.get_username())
    return user


def _is_same_address(one: str, other: str) -> bool:
    """Compare without case in ASCII only: databases fold other letters, such as the dotless i, into ASCII ones."""
    return one == other or (one.isascii() and other.isascii() and one.lower() == other.lower())


def _create(identity: Identity) -> User:
    """Create an account without a password, where the settings allow it and the person would have a role."""
    username = identity.email.lower()
    if not settings.OIDC_CREATE_ACCOUNTS or len(username) > _MAX_USERNAME:
        raise RefusedSignIn(Reason.NO_ACCOUNT, identity.email)
    if settings.OIDC_GROUP_ROLES and not _roles_of(identity.groups):
        raise RefusedSignIn(Reason.NO_ROLE, identity.email)
    if User.objects.filter(username__iexact=username).exists():  # of someone with another address
        raise RefusedSignIn(Reason.OTHER_PERSON, username)
    logger.info("Account created for a person of the identity provider: %s.", username)
    return User.objects.create_user(
        username, identity.email, first_name=identity.first_name, last_name=identity.last_name
    )


def _follow_groups(user: User, groups: frozenset[str]) -> None:
    """Give and take the roles that ``OIDC_GROUP_ROLES`` names. Other roles and groups are given here alone."""
    managed = set(settings.OIDC_GROUP_ROLES.values())
    wanted = _roles_of(groups)
    present = set(user.groups.filter(name__in=managed).values_list("name", flat=True))
    if wanted == present:
        return
    user.groups.remove(*Group.objects.filter(name__in=present - wanted))
    user.groups.add(*Group.objects.filter(name__in=wanted - present))
    logger.info(
        "Roles follow the identity provider: account %s, now %s.",
        user.get_username(),
        ", ".join(sorted(wanted)) or "none",
    )


def _roles_of(groups: frozenset[str]) -> set[str]:
    return {role for group, role in settings.OIDC_GROUP_ROLES.items() if group in groups}
