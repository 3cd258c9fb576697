"""The outcome of a launch by the response or error of Pneumatic, with a sentence for the user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.core.database import clock
from apps.core.text.folding import fold
from apps.launches.models import Launch
from apps.pneumatic.canonical.schemas import Launched
from apps.pneumatic.errors import (
    AuthenticationFailed,
    ConfigurationError,
    Contradicted,
    NotFound,
    PermissionDenied,
    PneumaticError,
    RateLimited,
    Unavailable,
    ValidationFailed,
)

MAX_SHOWN_WAIT_SECONDS = 3600.0  # above it, "more than an hour" is shown


@dataclass(frozen=True, slots=True)
class LaunchOutcome:
    """The state that a launch ends in, the reason, and the server's errors by api_name."""

    state: Launch.State
    reason: str = ""
    field_errors: dict[str, list[str]] = field(default_factory=dict)
    workflow_id: int | None = None
    name: str = ""  # of the workflow, as the server returned it

    def values(self, launch: Launch) -> dict[str, Any]:
        """Return the columns of ``launch`` to write now."""
        return {
            **name_values(launch, self.name),
            "state": self.state,
            "reason": self.reason,
            "field_errors": self.field_errors,
            "workflow_id": self.workflow_id,
            "deadline_at": None,
            "not_found_at": None,
            "finished_at": clock.now(),
        }


def name_values(launch: Launch, name: str) -> dict[str, Any]:
    """Return the columns of ``launch`` for the workflow's ``name`` in Pneumatic; "" where it is unknown."""
    upstream_name = "" if name == launch.name else name
    return {"upstream_name": upstream_name, "search": fold(f"{launch.name} {upstream_name}".strip())}


def of_error(error: PneumaticError) -> LaunchOutcome:
    """Return what ``error`` means for the launch whose request raised it.

    Every error that may come after the request was carried out means ``unknown``, the state in which nothing is sent
    again automatically.
    """
    match error:
        case ValidationFailed():
            return LaunchOutcome(Launch.State.REJECTED, _validation_reason(error), dict(error.errors))
        case AuthenticationFailed():
            return LaunchOutcome(
                Launch.State.REJECTED,
                _(
                    "Pneumatic does not accept the dashboard's API key, so nothing was started. "
                    "Ask an administrator to check the key, then launch again."
                ),
            )
        case PermissionDenied():
            return LaunchOutcome(
                Launch.State.REJECTED,
                _(
                    "Pneumatic does not let the dashboard's API key launch this template, so nothing was started. Its "
                    "reason: “%(said)s” Ask an administrator: the plan may have expired, or the owner of the key may "
                    "not run the template."
                )
                % {"said": error.message},
            )
        case NotFound():
            return LaunchOutcome(
                Launch.State.REJECTED,
                _(
                    "This template does not exist in Pneumatic any more, so nothing was started. "
                    "Sync the templates to update the list."
                ),
            )
        case RateLimited():
            return LaunchOutcome(Launch.State.FAILED, _rate_limit_reason(error))
        case Unavailable():
            return LaunchOutcome(
                Launch.State.FAILED,
                _("Pneumatic could not be reached, so nothing was started. It is safe to retry."),
            )
        case ConfigurationError() | Contradicted():
            return LaunchOutcome(
                Launch.State.FAILED,
                _(
                    "The dashboard is not set up to reach Pneumatic, so nothing was started. "
                    "Ask an administrator: %(detail)s"
                )
                % {"detail": error.message},
            )
    return lost_response()


def before_sending(error: PneumaticError) -> LaunchOutcome:
    """Return what ``error`` means for a launch that was not sent: never ``unknown``."""
    outcome = of_error(error)
    if outcome.state is not Launch.State.UNKNOWN:
        return outcome
    text = _("Nothing was started: %(reason)s") % {"reason": error.message}
    return LaunchOutcome(Launch.State.FAILED, text)


def of_response(
    launched: Launched, *, sent: Iterable[str], stored_otherwise: Mapping[str, str] | None = None
) -> LaunchOutcome:
    """Return the outcome of a launch with a valid response; ``sent`` are the api_names of its answers.

    ``stored_otherwise`` has, by api_name, what Pneumatic stored instead of the answers that were given.
    The current API ignores answers to fields that the template does not have any more. They are found by comparing
    ``sent`` with what the response says was kept.
    """
    dropped = [] if launched.kept is None else [name for name in sent if name not in launched.kept]
    reason = _(
        "The workflow was started without some of the answers: these fields no longer exist in the template and were "
        "ignored."
    )
    reasons = [reason] if dropped else []
    different = difference_errors(stored_otherwise or {})
    if different:
        reasons.append(difference_reason())
    return LaunchOutcome(
        Launch.State.LAUNCHED,
        " ".join(reasons),
        {name: [_("This answer was ignored.")] for name in dropped} | different,
        workflow_id=launched.workflow_id,
        name=launched.name,
    )


def difference_reason() -> str:
    """Return the sentence for a workflow that Pneumatic started with other answers."""
    return _("The workflow was started with other answers than were given. Correct them in Pneumatic.")


def difference_errors(stored_otherwise: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the sentences, by api_name, for what was stored otherwise; '' is nothing."""
    return {
        name: [
            _("Pneumatic stored another answer: %(stored)s.") % {"stored": stored}
            if stored
            else _("Pneumatic stored no answer.")
        ]
        for name, stored in stored_otherwise.items()
    }


def lost_response() -> LaunchOutcome:
    """Return the outcome of a request that was sent and got no valid response."""
    return LaunchOutcome(
        Launch.State.UNKNOWN,
        _("The request was sent, but no valid response was received. The workflow may be running."),
    )


def stopped_before_sending() -> LaunchOutcome:
    """Return the outcome of a launch whose process ended before it sent anything."""
    return LaunchOutcome(
        Launch.State.FAILED,
        _("The dashboard stopped before it sent the request, so nothing was started. It is safe to retry."),
    )


def _validation_reason(error: ValidationFailed) -> str:
    general = error.errors.get("", [])
    if general:
        return " ".join(general)
    return _("Pneumatic rejected the answers, so nothing was started.")


def _rate_limit_reason(error: RateLimited) -> str:
    if error.retry_after is None:
        return _("Pneumatic is busy and asked to wait, so nothing was started. Retry in a minute.")
    if error.retry_after > MAX_SHOWN_WAIT_SECONDS:
        return _(
            "Pneumatic is busy and asked to wait for more than an hour, so nothing was started. Retry later."
        )
    seconds = max(1, round(error.retry_after))
    return ngettext(
        "Pneumatic is busy and asked to wait %(seconds)d second, so nothing was started. Then retry.",
        "Pneumatic is busy and asked to wait %(seconds)d seconds, so nothing was started. Then retry.",
        seconds,
    ) % {"seconds": seconds}
