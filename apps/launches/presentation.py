"""A launch as text: its state, what to do next, and the request that was sent."""

from __future__ import annotations

import datetime as dt
import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.kickoff.fields import create
from apps.launches.models import Launch
from apps.launches.resolution.evidence import Fit
from apps.launches.resolution.matcher import start_window
from apps.pneumatic.canonical.schemas import FieldDefinition
from apps.pneumatic.client import capabilities
from apps.workflow_templates.selectors import version_kickoff

State = Launch.State

Text = str | Promise

# The end of a ``badge--`` and of a ``notice--`` class.
TONES: dict[str, str] = {
    State.QUEUED: "info",
    State.SENDING: "info",
    State.LAUNCHED: "ok",
    State.REJECTED: "bad",
    State.FAILED: "bad",
    State.UNKNOWN: "warn",
}


def tone(launch: Launch) -> str:
    """Return the tone of a launch's page: a warning where Pneumatic ignored answers."""
    return "warn" if launch.state == State.LAUNCHED and launch.field_errors else TONES[State(launch.state)]


# By result of a comparison: the end of a ``badge--`` class, and a word.
FIT_BADGES: dict[Fit, tuple[str, Text]] = {
    Fit.MATCHES: ("ok", gettext_lazy("matches")),
    Fit.DIFFERS: ("bad", gettext_lazy("differs")),
    Fit.MISSING: ("warn", gettext_lazy("unknown")),
}


@dataclass(frozen=True, slots=True)
class StateText:
    """The heading of a state, and what the user does next."""

    title: Text
    advice: Text


STATE_TEXTS: dict[str, StateText] = {
    State.QUEUED: StateText(
        gettext_lazy("About to be sent"),
        gettext_lazy("This page refreshes automatically."),
    ),
    State.SENDING: StateText(
        gettext_lazy("Sent, waiting for the response of Pneumatic"),
        gettext_lazy("This page refreshes automatically."),
    ),
    State.LAUNCHED: StateText(gettext_lazy("The workflow was started"), ""),
    State.REJECTED: StateText(
        gettext_lazy("Pneumatic rejected the launch"),
        gettext_lazy("Edit the answers and launch again. Every answer is kept."),
    ),
    State.FAILED: StateText(
        gettext_lazy("The workflow was not started"),
        gettext_lazy("Retry sends the same answers."),
    ),
    State.UNKNOWN: StateText(
        gettext_lazy("Outcome unknown"),
        gettext_lazy(
            "Wait for an event, or check Pneumatic and record the result below. The launch is not resent, so the "
            "workflow cannot start twice."
        ),
    ),
}


def polling_status(launch: Launch) -> list[str]:
    """Return sentences about the automatic checks for an unknown launch."""
    if launch.state != State.UNKNOWN:
        return []
    server = capabilities()
    if not server.is_known:
        return [_("Pneumatic version not detected yet. Run “manage.py check_connection”.")]
    if not server.reads_back:
        return [
            _("This Pneumatic version cannot list workflows, so the dashboard cannot check for this one.")
        ]
    if launch.checked_at is None:
        return [
            _("The dashboard checks Pneumatic for it automatically while its worker runs."),
            _("No check has succeeded yet. Last attempt: %(time)s.")
            % {"time": _clock(launch.check_attempted_at)}
            if launch.check_attempted_at
            else _("Not checked yet."),
        ]
    last = _("Last check: %(time)s.") % {"time": _clock(launch.checked_at)}
    if launch.checked_at > start_window(launch)[1]:
        over = _("The dashboard has stopped checking Pneumatic for it: another check cannot find more.")
        return [over, last, launch.check_note]
    return [_("The dashboard checks Pneumatic for it automatically."), last, launch.check_note]


def _clock(time: dt.datetime) -> str:
    return formats.date_format(timezone.localtime(time), "H:i:s")


def shown_errors(launch: Launch) -> list[tuple[str, list[str]]]:
    """Return the server's errors of single fields, by the fields' labels."""
    labels = {field.api_name: create(field).label for field in version_kickoff(launch.version).fields}
    labels.setdefault("name", _("Workflow name"))
    return [
        (labels.get(api_name, api_name), list(reasons))
        for api_name, reasons in launch.field_errors.items()
        if api_name
    ]


def errors_for_form(
    definitions: Iterable[FieldDefinition], errors: Mapping[str, Sequence[str]]
) -> dict[str, list[str]]:
    """Return the server's errors of single fields for their form, by api_name.

    Errors of fields that the form does not have are under "", with the api_name in the sentence.
    """
    known = {field.api_name for field in definitions} | {"name"}
    placed = {api_name: list(reasons) for api_name, reasons in errors.items() if api_name in known}
    placed[""] = [
        f"{api_name}: {reason}"
        for api_name, reasons in errors.items()
        if api_name and api_name not in known
        for reason in reasons
    ]
    return placed


def pretty_json(payload: Mapping[str, Any]) -> str:
    """Return ``payload`` as indented JSON; it is equal to what is sent."""
    return json.dumps(payload, ensure_ascii=False, indent=2)


def as_curl(*, url: str, payload: Mapping[str, Any]) -> str:
    """Return a shell command that sends ``payload``; it takes the key from the variable PNEUMATIC_API_KEY."""
    body = json.dumps(payload, ensure_ascii=False)
    return " \\\n  ".join(
        [
            f"curl --request POST {shlex.quote(url)}",
            '--header "Authorization: Bearer $PNEUMATIC_API_KEY"',
            "--header 'Content-Type: application/json'",
            f"--data-raw {shlex.quote(body)}",
        ]
    )


def evidence_started_at(launch: Launch) -> dt.datetime | None:
    """Return when the matched workflow was started."""
    text = (launch.evidence or {}).get("started_at")
    return dt.datetime.fromisoformat(text) if text else None
