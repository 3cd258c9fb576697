"""A sign-in whose password was right, and which still needs a code or a factor: kept in the browser's session.

No user is signed in until ``complete``. It is the only way to a session with a password.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth import SESSION_KEY, login, logout
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from apps.accounts.models import User
from apps.accounts.second_factors import services
from apps.core.database import clock

MAX_AGE_SECONDS = 600
_PENDING = "sign_in_to_complete"
# In sessions that began with more than a password; with what, is the value.
_PROOF = "second_factor"
CODE, PROVIDER = "code", "provider"


def begin(request: HttpRequest, user: User, *, next_url: str = "") -> bool:
    """Sign in a user whose password was right; False where that takes another step, of ``user_of(request)``.

    ``next_url`` is where the sign-in leads to in the end, an address of this dashboard.
    """
    if services.factor_of(user) is None and not services.is_required():
        complete(request, user, proof="")
        return True
    if request.user.is_authenticated:  # as another user, in another tab
        logout(request)
    request.session[_PENDING] = {
        "user": user.pk,
        "hash": user.get_session_auth_hash(),
        "time": clock.now().timestamp(),
        "next": next_url,
    }
    request.session.cycle_key()
    request.session.set_expiry(MAX_AGE_SECONDS)
    return False


def user_of(request: HttpRequest) -> User | None:
    """Return the user whose sign-in is to be completed in this browser; None where there is none, or too long ago."""
    pending: dict[str, Any] | None = request.session.get(_PENDING)
    if pending is None or request.user.is_authenticated or not services.is_on():
        return None
    if not 0 <= clock.now().timestamp() - pending["time"] <= MAX_AGE_SECONDS:
        return None
    user = User.objects.filter(pk=pending["user"], is_active=True).first()
    # A password or a factor that has changed since then asks for a new start.
    is_same = user is not None and constant_time_compare(pending["hash"], user.get_session_auth_hash())
    return user if is_same else None


def complete(request: HttpRequest, user: User, *, proof: str) -> str:
    """Sign in a user who has shown everything that is required; return where to go then, '' for no certain page."""
    next_url = forget(request)
    login(request, user)
    request.session.set_expiry(None)
    prove(request, proof)
    return next_url


def forget(request: HttpRequest) -> str:
    """Start again, perhaps with another account; return where the sign-in would have led to."""
    pending: dict[str, Any] = request.session.pop(_PENDING, {})
    return str(pending.get("next", ""))


def prove(request: HttpRequest, proof: str) -> None:
    """Keep in the session with what it began, in addition to a password; '' for nothing."""
    if proof:
        request.session[_PROOF] = proof
    else:
        request.session.pop(_PROOF, None)


def is_incomplete(request: HttpRequest) -> bool:
    """Return whether a session began with less than what is required by now."""
    return services.is_required() and SESSION_KEY in request.session and _PROOF not in request.session
