"""Set up and remove a user's second factor, and use its codes. Each code is counted before it is checked."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest

from apps.accounts.models import RecoveryCode, SecondFactor, User
from apps.accounts.second_factors import codes
from apps.accounts.sign_in.attempts import DEVICE, Attempt
from apps.accounts.sign_in.handler import forgive_codes, log_wrong_code, refuse_code, take_code
from apps.core.database import clock
from apps.core.identifiers import client_address

logger = logging.getLogger(__name__)

OFF, OPTIONAL, REQUIRED = "off", "optional", "required"
# A million codes, three of them valid: who has the password could find one in months. After so many in a row, only
# the owner's devices and recovery codes are left.
MAX_WRONG_CODES = 50


def is_on() -> bool:
    return bool(settings.SECOND_FACTORS != OFF)


def is_required() -> bool:
    return bool(settings.SECOND_FACTORS == REQUIRED)


def factor_of(user: User) -> SecondFactor | None:
    """Return the factor whose codes are asked of a user; None while second factors are off."""
    return SecondFactor.objects.filter(user=user).first() if is_on() else None


def is_readable(factor: SecondFactor) -> bool:
    """Return whether codes can be checked: after a change of ``SECRET_KEY`` none is valid."""
    return factor.key_fingerprint == codes.key_fingerprint()


@transaction.atomic
def set_up(request: HttpRequest, user: User, *, nonce: str, step: int) -> list[str]:
    """Store a factor whose app has shown the code of ``step``, and return its recovery codes.

    The user's sessions end. Raise IntegrityError where the user has a factor already.
    """
    now = clock.now()
    factor = SecondFactor.objects.create(
        user=user,
        nonce=nonce,
        key_fingerprint=codes.key_fingerprint(),
        last_step=step,
        created_at=now,
        used_at=now,
    )
    _end_sessions(user)
    logger.info("Second factor set up: account %s, address %s.", user.get_username(), client_address(request))
    return replace_recovery_codes(factor)


@transaction.atomic
def remove(user: User) -> bool:
    """Delete a user's factor with its recovery codes, and end the user's sessions; False where there is none."""
    deleted, _of_models = SecondFactor.objects.filter(user=user).delete()
    if deleted:
        _end_sessions(user)
    return bool(deleted)


@transaction.atomic
def replace_recovery_codes(factor: SecondFactor) -> list[str]:
    """Return new recovery codes, which are shown once; the older ones are no longer valid."""
    new = codes.new_recovery_codes()
    factor.recovery_codes.all().delete()
    RecoveryCode.objects.bulk_create(RecoveryCode(factor=factor, digest=codes.digest(code)) for code in new)
    return new


def use_code(request: HttpRequest, factor: SecondFactor, code: str) -> bool:
    """Return whether a code is right, of the app or for recovery, and never was used before.

    A use is stored before it counts: of two requests with the same code, in any processes, one gets True.
    """
    account = factor.user.get_username()
    attempt = take_code(request, account)
    if attempt is None:
        return False
    is_right = _use_recovery_code(factor, code)
    if not is_right and not _may_try(factor, attempt):
        refuse_code(request, attempt)
        request.codes_used_up = True  # type: ignore[attr-defined] # read by the form
        return False
    if not is_right and not _use_code_of_app(factor, code):
        log_wrong_code(request, account)
        return False
    SecondFactor.objects.filter(pk=factor.pk).update(wrong_codes=0, used_at=clock.now())
    forgive_codes(attempt)
    return True


def _may_try(factor: SecondFactor, attempt: Attempt) -> bool:
    """Count a code of the app as a wrong one, unless there were too many in a row."""
    tries = SecondFactor.objects.filter(pk=factor.pk)
    if not attempt.client.startswith(DEVICE):
        tries = tries.filter(wrong_codes__lt=MAX_WRONG_CODES)
    return tries.update(wrong_codes=F("wrong_codes") + 1) == 1


def _use_code_of_app(factor: SecondFactor, code: str) -> bool:
    if not is_readable(factor):
        return False
    step = codes.step_of(codes.secret_of(factor.nonce), code, seconds=clock.now().timestamp())
    if step is None:
        return False
    return SecondFactor.objects.filter(pk=factor.pk, last_step__lt=step).update(last_step=step) == 1


def _use_recovery_code(factor: SecondFactor, code: str) -> bool:
    deleted, _of_models = factor.recovery_codes.filter(digest=codes.digest(code)).delete()
    return deleted == 1


def _end_sessions(user: User) -> None:
    user.factor_version = codes.new_nonce()
    user.save(update_fields=["factor_version"])
