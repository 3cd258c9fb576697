"""Which release the server looks like: what works, what does not, and what an upgrade would add."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.pneumatic.canonical.features import (
    DateEncoding,
    Features,
    FileEncoding,
    OptionEncoding,
    PersonEncoding,
)


class CheckState(StrEnum):
    """The result of one check."""

    OK = "ok"
    UNKNOWN = "unknown"  # a check would leave something behind in Pneumatic
    MISSING = "missing"  # the dashboard works without it, with fewer features
    FAILED = "failed"  # the dashboard cannot work


@dataclass(frozen=True, slots=True)
class Check:
    """One check and its result; ``text`` is a sentence or more."""

    name: str
    state: CheckState
    text: str


def release_checks(features: Features) -> Iterator[Check]:
    """Yield the release with its evidence, then each feature that depends on it, then what an upgrade would add."""
    yield Check(_("Release"), CheckState.OK, _release(features))
    yield Check(_("Options"), CheckState.OK, _options(features.options))
    yield Check(_("Users as answers"), CheckState.OK, _users(features))
    yield _since(_("Groups as answers"), "4.3", features.has_group_answers, _("Sent by name."))
    yield Check(_("Dates"), CheckState.OK, _dates(features))
    yield Check(_("Files as answers"), CheckState.OK, _files(features))
    yield _since(_("Numbers"), "3.1", features.has_numbers, _("Forms can have number fields."))
    yield _since(_("Data sets"), "6.0", features.has_data_sets, _("Options can come from data sets."))
    yield _since(_("Fieldsets"), "7.1", features.has_fieldsets, _("Forms can have groups of fields."))
    yield Check(_("Snoozed tasks"), CheckState.OK, _snoozed(features.snoozes_by_seconds))
    yield _missed_events(features)
    if upgrade := _upgrade(features):
        yield Check(_("Upgrade"), CheckState.OK, upgrade)


def release_range(features: Features) -> str:
    """Return the releases that the server may have, such as "2.0 to 4.2"."""
    values = {"since": features.since, "until": features.until}
    if not features.until:
        return _("%(since)s or later") % values
    if "." in features.until:
        return _("%(since)s to %(until)s") % values
    return _("%(since)s to %(until)s.x") % values


def _release(features: Features) -> str:
    values = {"range": release_range(features), "evidence": "; ".join(features.evidence)}
    text = _("Looks like %(range)s (%(evidence)s).") if features.evidence else _("Looks like %(range)s.")
    text %= values
    if features.found_at is None:
        return text
    at = date_format(timezone.localtime(features.found_at), "DATETIME_FORMAT")
    return text + " " + _("Detected on %(at)s.") % {"at": at}


def _since(name: str, release: str, has_it: bool | None, text: str) -> Check:
    if has_it:
        return Check(name, CheckState.OK, text)
    if has_it is None:
        text = _("From %(release)s. Each template shows whether it has them.")
        return Check(name, CheckState.UNKNOWN, text % {"release": release})
    return Check(name, CheckState.MISSING, _("Not before %(release)s.") % {"release": release})


def _options(encoding: OptionEncoding | None) -> str:
    if encoding is OptionEncoding.API_NAME:
        return _("Sent by api_name.")
    if encoding is OptionEncoding.TEXT:
        return _("Sent by text.")
    return _("Sent by text or api_name, as each template lists them.")


def _users(features: Features) -> str:
    texts = {PersonEncoding.ID: _("by ID"), PersonEncoding.EMAIL: _("by e-mail address")}
    return _sent([texts[encoding] for encoding in features.people])


def _dates(features: Features) -> str:
    texts = {DateEncoding.US: _("as MM/DD/YYYY"), DateEncoding.SECONDS: _("in seconds")}
    return _sent([texts[encoding] for encoding in features.dates])


def _sent(ways: list[str]) -> str:
    if len(ways) == 1:
        return _("Sent %(way)s.") % {"way": ways[0]}
    values = {"way": ways[0], "other": ways[1]}
    return _("Sent %(way)s; %(other)s if Pneumatic refuses that.") % values


def _files(features: Features) -> str:
    if features.files is FileEncoding.ID:
        return _("Uploaded to Pneumatic's own storage, sent by ID.")
    return _("Uploaded to the file service, sent by link.")


def _snoozed(by_seconds: bool | None) -> str:
    if by_seconds is None:
        return _("Shown. The dashboard snoozes nothing.")
    way = _("in seconds") if by_seconds else _("as text (ISO 8601)")
    return _("Shown. The dashboard snoozes nothing; Pneumatic reads the date %(way)s.") % {"way": way}


def _missed_events(features: Features) -> Check:
    name, is_sent_again = _("Missed events"), features.sends_again
    if is_sent_again:
        sent, state = _("Sent again for some seconds, then never."), CheckState.OK
    elif is_sent_again is None:
        sent, state = _("May not be sent again."), CheckState.UNKNOWN
    else:
        sent, state = _("Not sent again."), CheckState.MISSING
    return Check(name, state, f"{sent} {_reading_back(features)}")


def missed_events_text(features: Features | None) -> str:
    """Return that the server does not send missed events again, and what reading back shows; '' where it does."""
    if features is None or features.sends_again:
        return ""
    return f"{not_sent_again(features)} {_reading_back(features)}"


def not_sent_again(features: Features | None) -> str:
    """Return that the server does not send missed events again; '' where it does, or where this is unknown."""
    if features is None or features.sends_again:
        return ""
    if features.sends_again is None:
        text = _("Pneumatic %(range)s may not send missed events again.")
    else:
        text = _("Pneumatic %(range)s does not send missed events again.")
    return text % {"range": release_range(features)}


def _reading_back(features: Features) -> str:
    if features.reads_all_tasks:
        return _("Reading back shows all tasks with their times, but not the answers of missed tasks.")
    if features.reads_all_tasks is None:
        return _(
            "Reading back shows status, open task and completed tasks, from 3.2 with times, but not their answers."
        )
    return _(
        "Reading back shows status, open task and which tasks are completed, but not when, nor their answers."
    )


def _upgrade(features: Features) -> str:
    """Return what each later release adds; '' for a server that may have all of it."""
    added = [
        ("3.1", features.has_numbers, _("number fields")),
        ("4.3", features.has_group_answers, _("groups as answers")),
        ("4.3", features.sends_again, _("retried deliveries")),
        ("6.0", features.has_data_sets, _("data sets")),
        ("7.1", features.has_fieldsets, _("fieldsets")),
    ]
    missing: dict[str, list[str]] = {}
    for release, has_it, what in added:
        if has_it is False:
            missing.setdefault(release, []).append(what)
    return " ".join(
        _("%(release)s adds %(what)s.") % {"release": release, "what": ", ".join(what)}
        for release, what in missing.items()
    )
