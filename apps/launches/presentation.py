"""What a launch means in words: its state, what to do next, and the request that was sent."""

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
    """Return the tone of the page of a launch: one that lost answers on the way is no plain success."""
    return "warn" if launch.state == State.LAUNCHED and launch.field_errors else TONES[State(launch.state)]


# What a comparison found: the end of a ``badge--`` class, and a word.
FIT_BADGES: dict[Fit, tuple[str, Text]] = {
    Fit.MATCHES: ("ok", gettext_lazy("fits")),
    Fit.DIFFERS: ("bad", gettext_lazy("differs")),
    Fit.MISSING: ("warn", gettext_lazy("not told")),
}


@dataclass(frozen=True, slots=True)
class StateText:
    """A state as a heading, and what the person does next."""

    title: Text
    advice: Text


STATE_TEXTS: dict[str, StateText] = {
    State.QUEUED: StateText(
        gettext_lazy("About to be sent"),
        gettext_lazy("This page looks again by itself. There is nothing to do."),
    ),
    State.SENDING: StateText(
        gettext_lazy("Sent, waiting for Pneumatic's answer"),
        gettext_lazy("This page looks again by itself. There is nothing to do."),
    ),
    State.LAUNCHED: StateText(gettext_lazy("The workflow was started"), ""),
    State.REJECTED: StateText(
        gettext_lazy("Pneumatic did not accept it"),
        gettext_lazy("Edit the answers and launch again; all of them are kept."),
    ),
    State.FAILED: StateText(
        gettext_lazy("It was not started"),
        gettext_lazy("Trying again sends exactly the same request."),
    ),
    State.UNKNOWN: StateText(
        gettext_lazy("It may be running"),
        gettext_lazy(
            "An event may still tell what became of it; this page then shows it. Look in Pneumatic for a workflow with "
            "this name if you cannot wait, then say below what you found. Nothing is sent again before that, so that "
            "it cannot start twice."
        ),
    ),
}


def polling_status(launch: Launch) -> list[str]:
    """Return what the dashboard does by itself about an unknown launch, in sentences."""
    if launch.state != State.UNKNOWN:
        return []
    server = capabilities()
    if not server.is_known:
        return [_("Which Pneumatic this is has not been found out yet; the dashboard's worker does it.")]
    if not server.reads_back:
        return [
            _(
                "This Pneumatic does not tell which workflows it runs, so the dashboard cannot look for this one by "
                "itself."
            )
        ]
    if launch.checked_at is None:
        return [
            _("The dashboard looks for it in Pneumatic by itself, as long as its worker runs."),
            _("It has not succeeded yet; it last tried at %(time)s.")
            % {"time": _clock(launch.check_attempted_at)}
            if launch.check_attempted_at
            else _("It has not looked yet."),
        ]
    last = _("It last looked at %(time)s.") % {"time": _clock(launch.checked_at)}
    if launch.checked_at > start_window(launch)[1]:
        over = _(
            "The dashboard has looked for it in Pneumatic by itself, and stopped: no look can show more now."
        )
        return [over, last, launch.check_note]
    return [_("The dashboard looks for it in Pneumatic by itself."), last, launch.check_note]


def _clock(moment: dt.datetime) -> str:
    return formats.date_format(timezone.localtime(moment), "H:i:s")


def shown_errors(launch: Launch) -> list[tuple[str, list[str]]]:
    """Return what the server had against single fields, under the fields' labels."""
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
    """Return what the server had against single fields for their form.

    Of a field that the form does not have (any more), nothing else on the page would tell which one is meant: it is
    named, under "".
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
    """Return ``payload`` as people read JSON; it means the same as what is sent."""
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
    """Return when the workflow that an event showed was started."""
    text = (launch.evidence or {}).get("started_at")
    return dt.datetime.fromisoformat(text) if text else None
