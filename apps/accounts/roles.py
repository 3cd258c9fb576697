"""The four roles. A role is a Django group of this name; they are documented in ``docs/roles.md``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps import AppConfig
from django.apps import apps as installed_apps
from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import DEFAULT_DB_ALIAS, router

VIEWER = "Viewer"
OPERATOR = "Operator"
INTEGRATOR = "Integrator"
ADMINISTRATOR = "Administrator"

_SEE = frozenset(
    {
        "accounts.view_pneumaticgroup",
        "accounts.view_pneumaticuser",
        "launches.view_launch",
        "sync.view_syncrun",
        "workflow_templates.view_template",
        "workflow_templates.view_templateversion",
        "webhooks.view_event",
        "workflows.view_workflow",
    }
)

# Administrator is not listed: that role holds every permission of the project's own apps and of groups.
PERMISSIONS: dict[str, frozenset[str]] = {
    VIEWER: _SEE,
    OPERATOR: _SEE | {"launches.launch_workflow", "sync.run_sync"},
    INTEGRATOR: _SEE
    | {
        "sync.run_sync",
        "webhooks.manage_subscriptions",
        "webhooks.replay_delivery",
        "webhooks.view_delivery",
        "webhooks.view_replay",
        "webhooks.view_subscription",
    },
}
ROLES = (*PERMISSIONS, ADMINISTRATOR)
# Roles with access to Django admin; what each sees there depends on its permissions.
STAFF_ROLES = (INTEGRATOR, ADMINISTRATOR)


def grant_permissions(
    *, app_config: AppConfig, apps: Apps = installed_apps, using: str = DEFAULT_DB_ALIAS, **_signal: Any
) -> None:
    """Create roles that are missing and give every role its permissions, after ``migrate``.

    Permissions that were added manually stay, and so do other groups.

    Django creates permissions after each migration as well, but app by app and partly later, so create them here.
    ``flush`` sends the signal too, without ``apps``.
    """
    try:
        group_model = apps.get_model("auth", "Group")
        permission_model = apps.get_model("auth", "Permission")
    except LookupError:
        return
    if not router.allow_migrate_model(using, group_model):
        return
    own_apps = [
        config
        for config in installed_apps.get_app_configs()
        if config.name.startswith("apps.") or config.label == "auth"
    ]
    for config in own_apps:
        create_permissions(config, verbosity=0, interactive=False, using=using, apps=apps)
    permission_ids = {
        f"{label}.{codename}": pk
        for pk, label, codename in permission_model.objects.using(using).values_list(
            "pk", "content_type__app_label", "codename"
        )
    }
    own_labels = {config.label for config in own_apps}
    everything = {name for name in permission_ids if name.partition(".")[0] in own_labels}
    for name in ROLES:
        group, _is_new = group_model.objects.using(using).get_or_create(name=name)
        wanted: Iterable[str] = everything if name == ADMINISTRATOR else PERMISSIONS[name]
        group.permissions.add(*(permission_ids[label] for label in wanted if label in permission_ids))
