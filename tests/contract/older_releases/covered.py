"""What replays each recording of the older releases: a table by the patterns of their names.

``test_covered.py`` fails for a recording that matches no pattern, or two of them. What our client never requests is
compared with the sandbox, which answers such requests (``tests/sandbox``).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto
from fnmatch import fnmatchcase
from functools import cache

from tests.contract.recordings import RELEASES, Exchange
from tests.contract.releases_recorded import recorded


class Replay(Enum):
    """What our client or receiver does with a recording."""

    KEY_HOLDER = auto()
    DETECTION = auto()
    TEMPLATE_LIST = auto()
    TEMPLATE = auto()
    USERS = auto()
    GROUPS = auto()
    WORKFLOW_LIST = auto()
    WORKFLOW = auto()
    FILE_LIST = auto()
    SUBSCRIPTION_LIST = auto()
    SUBSCRIBE = auto()
    UNSUBSCRIBE = auto()
    UPLOAD = auto()
    LAUNCH = auto()
    DELIVERY = auto()
    SANDBOX = auto()  # our client never makes this request


COVERED: Mapping[str, Replay] = {
    "auth-context": Replay.KEY_HOLDER,
    "probe-auth-context*": Replay.KEY_HOLDER,
    "probe-google-token*": Replay.DETECTION,
    "probe-webhooks*": Replay.DETECTION,
    "auth-bad-api-key": Replay.TEMPLATE_LIST,
    "auth-missing-header": Replay.TEMPLATE_LIST,
    "templates-list*": Replay.TEMPLATE_LIST,
    "probe-templates*": Replay.TEMPLATE_LIST,
    "template-get-*": Replay.TEMPLATE,
    "users-list*": Replay.USERS,
    "groups-list": Replay.GROUPS,
    "workflows-list*": Replay.WORKFLOW_LIST,
    "probe-workflows*": Replay.WORKFLOW_LIST,
    "workflow-get-unknown": Replay.WORKFLOW,
    "*-workflow-get*": Replay.WORKFLOW,
    "attachments-new-list*": Replay.FILE_LIST,
    "probe-attachments*": Replay.FILE_LIST,
    "webhooks-events*": Replay.SUBSCRIPTION_LIST,
    "webhooks-subscribe-bad-url": Replay.SUBSCRIBE,
    "webhooks-subscribe-nonadmin": Replay.SUBSCRIBE,
    "webhooks-subscribe-unknown-event": Replay.SUBSCRIBE,
    "webhooks-subscribe-task_*": Replay.SUBSCRIBE,
    "webhooks-subscribe-workflow_*": Replay.SUBSCRIBE,
    "webhooks-unsubscribe-again": Replay.UNSUBSCRIBE,
    "webhooks-unsubscribe-task_*": Replay.UNSUBSCRIBE,
    "webhooks-unsubscribe-workflow_*": Replay.UNSUBSCRIBE,
    "attachments-old-post*": Replay.UPLOAD,
    "attachments-old-publish*": Replay.UPLOAD,
    "run-*": Replay.LAUNCH,
    "*-1-run": Replay.LAUNCH,
    "delivery-*": Replay.DELIVERY,
    # Actions on tasks and workflows, and what made the account.
    "flow-[345789bef]*-task-*": Replay.SANDBOX,
    "flow-c-return-to": Replay.SANDBOX,
    "flow-h-complete-done-task": Replay.SANDBOX,
    "simple-[3467]-*": Replay.SANDBOX,
    "revert-[23]-task-*": Replay.SANDBOX,
    "delete-2-delete": Replay.SANDBOX,
    "setup-*": Replay.SANDBOX,
    # Subscribing to all events at once, which ends the subscriptions of others, and other lists.
    "webhooks-subscribe-all": Replay.SANDBOX,
    "webhooks-unsubscribe-all": Replay.SANDBOX,
    "webhooks-event-get": Replay.SANDBOX,
    "attachments-old-get": Replay.SANDBOX,
    "attachments-new-check-permission": Replay.SANDBOX,
    "template-fields": Replay.SANDBOX,
    "probe-accounts-plan*": Replay.SANDBOX,
    "probe-api-keys*": Replay.SANDBOX,
    "probe-datasets*": Replay.SANDBOX,
    "probe-fieldsets*": Replay.SANDBOX,
    "probe-v3-tasks*": Replay.SANDBOX,
    "probe-webhook-example*": Replay.SANDBOX,
}


def names_of(tag: str) -> list[str]:
    """Return the names of all recordings of a release."""
    return sorted(path.stem for path in (RELEASES / tag).glob("*.json"))


@cache
def matching(name: str) -> list[str]:
    """Return the patterns that match the name of a recording."""
    return [pattern for pattern in COVERED if fnmatchcase(name, pattern)]


def recordings(tag: str, replay: Replay) -> list[Exchange]:
    """Return the recordings of a release that ``replay`` covers, by name."""
    return [recorded(tag, name) for name in names_of(tag) if COVERED[matching(name)[0]] is replay]
