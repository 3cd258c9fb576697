"""What django-axes does with a password here: count it before it is checked, and log the result.

axes counts a failure after the check, so that passwords that arrive together are all checked. It locks an account or an
address for everyone, and it stores the form, which can hold the answers of a launch. This handler does neither.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.helpers import get_client_session_hash
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import connection, transaction
from django.db.models import F, QuerySet, Sum
from django.http import HttpRequest

from apps.accounts.sign_in.attempts import UNKNOWN_CLIENT, Attempt, account_of, read_attempt
from apps.core.database import clock
from apps.core.identifiers import client_address

logger = logging.getLogger(__name__)

# An address may be that of an office: it may fail for several accounts before unknown clients there have to wait.
ACCOUNTS_OF_AN_ADDRESS = 4
# PostgreSQL identifies advisory locks by two numbers. No other part uses these.
_LOCK = (0x70646173, 2)


class SignInHandler(AxesDatabaseHandler):
    """Storage of attempts, sign-ins and failures, in the tables of axes."""

    def is_allowed(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> bool:
        """Return whether a password may be checked, and count it as a failure until it proves right."""
        attempt = read_attempt(request, str((credentials or {}).get("username") or ""))
        request.sign_in_attempt = attempt  # type: ignore[attr-defined] # for forgive()
        return self.take(attempt, request)

    def take(self, attempt: Attempt, request: HttpRequest) -> bool:
        """Count an attempt as a failure; False, without counting it, where the limit is reached."""
        # Not by this machine's clock, as axes does: another one may count the next attempt.
        request.axes_attempt_time = clock.now()  # type: ignore[attr-defined] # read by axes
        with _one_at_a_time():
            self.clean_expired_user_attempts(request)
            if _is_used_up(attempt):
                return False
            _count(attempt, request)
        return True

    def user_login_failed(
        self, sender: object, credentials: dict[str, Any], request: HttpRequest | None = None, **kwargs: Any
    ) -> None:
        """Log the failure; of a password that was refused without a check only a line."""
        if request is None:
            return
        account, address = account_of(str(credentials.get("username") or "")), client_address(request)
        if is_refused(request):
            logger.warning("Sign-in refused: account %s, address %s.", account, address)
            return
        _log_failure(request, str(credentials.get("username") or ""), "Sign-in failed")

    def user_logged_in(self, sender: object, request: HttpRequest, user: AbstractUser, **kwargs: Any) -> None:
        """Log the sign-in, and have the browser remembered as one of the account's devices."""
        account, address = user.get_username(), client_address(request)
        AccessLog.objects.create(
            username=account,
            ip_address=address,
            session_hash=get_client_session_hash(request),
            **_circumstances(request),
        )
        request.remembered_account = account_of(account)  # type: ignore[attr-defined] # SignInMiddleware sets the cookie
        logger.info("Signed in: account %s, address %s.", account, address)

    def user_logged_out(
        self, sender: object, request: HttpRequest, user: AbstractUser | None, **kwargs: Any
    ) -> None:
        """Log the end of the session."""
        if user is None:
            return
        super().user_logged_out(sender, request, user, **kwargs)  # type: ignore[no-untyped-call] # axes has no type here
        logger.info("Signed out: account %s, address %s.", user.get_username(), client_address(request))


def take_code(request: HttpRequest, username: str) -> Attempt | None:
    """Count the code of a second factor before it is checked; None, and a line in the log, where that is refused."""
    attempt = read_attempt(request, username, is_code=True)
    if SignInHandler().take(attempt, request):
        return attempt
    refuse_code(request, attempt)
    return None


def refuse_code(request: HttpRequest, attempt: Attempt) -> None:
    """Mark the request as one whose code was not checked."""
    request.axes_locked_out = True  # type: ignore[attr-defined] # as axes does for a password
    request.code_refused = True  # type: ignore[attr-defined] # read by the form
    logger.warning("Code refused: account %s, address %s.", attempt.account, client_address(request))


def log_refusal(request: HttpRequest, username: str, reason: str) -> None:
    """Log a person of the identity provider who may not sign in; no limit counts that."""
    _log_failure(request, username, f"Single sign-on refused ({reason})")


def log_wrong_code(request: HttpRequest, username: str) -> None:
    """Log a right password with a wrong code of the second factor."""
    _log_failure(request, username, "Wrong code")


def _log_failure(request: HttpRequest, username: str, what: str) -> None:
    account, address = account_of(username), client_address(request)
    AccessFailureLog.objects.create(username=account, ip_address=address, **_circumstances(request))
    logger.warning("%s: account %s, address %s.", what, account, address)


def forgive(request: HttpRequest) -> None:
    """Forget the failures that share the account's limit with this request: its password was right."""
    attempt: Attempt = request.sign_in_attempt  # type: ignore[attr-defined] # set by is_allowed()
    attempt.of_account.delete()


def forgive_codes(attempt: Attempt) -> None:
    """Forget the wrong codes that share the account's limit with a right one."""
    attempt.of_account.delete()


def is_refused(request: HttpRequest) -> bool:
    """Return whether the request's password was not checked, because of earlier ones or of too many at once."""
    return getattr(request, "axes_locked_out", False) or getattr(request, "sign_in_busy", False)


def _is_used_up(attempt: Attempt) -> bool:
    limit = settings.AXES_FAILURE_LIMIT
    if _failures(attempt.of_account) >= limit:
        return True
    return (
        attempt.client == UNKNOWN_CLIENT and _failures(attempt.of_address) >= limit * ACCOUNTS_OF_AN_ADDRESS
    )


def _failures(counters: QuerySet[AccessAttempt]) -> int:
    return counters.aggregate(sum=Sum("failures_since_start"))["sum"] or 0


def _count(attempt: Attempt, request: HttpRequest) -> None:
    counter, _is_new = AccessAttempt.objects.get_or_create(
        username=attempt.account,
        ip_address=attempt.address,
        user_agent=attempt.counter,
        defaults={"failures_since_start": 0, "path_info": request.path_info[:255]},
    )
    AccessAttempt.objects.filter(pk=counter.pk).update(
        failures_since_start=F("failures_since_start") + 1,
        attempt_time=request.axes_attempt_time,  # type: ignore[attr-defined] # set by take()
    )


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Run a transaction that no other process runs: what it reads is still true when it writes.

    SQLite's transactions exclude each other anyway.
    """
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", _LOCK)
        yield


def _circumstances(request: HttpRequest) -> dict[str, str]:
    """Return what the log keeps of a request in addition to account and address."""
    return {
        "user_agent": request.META.get("HTTP_USER_AGENT", "").replace("\0", "")[:255],
        "path_info": request.path_info[:255],
    }
