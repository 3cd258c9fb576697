from __future__ import annotations

from django.apps import AppConfig, apps
from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import m2m_changed, post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "apps.accounts"
    label = "accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        """Register resolvers, resources of the sync, and the signals that maintain roles."""
        from django.contrib.auth.models import Group

        from apps.accounts import roles, selectors, signals
        from apps.accounts.models import User
        from apps.accounts.sign_in import retention, sessions
        from apps.accounts.sync import Groups, Users
        from apps.core import periodic
        from apps.core.people import register_group_resolver, register_identifier, register_resolver
        from apps.sync import registry

        register_resolver(selectors.resolve_people)
        register_group_resolver(selectors.resolve_groups)
        register_identifier(selectors.pneumatic_person_of)
        registry.register(Users())
        registry.register(Groups())
        periodic.register("sign-in log", retention.prune_log, seconds=retention.INTERVAL_SECONDS)
        user_logged_in.connect(sessions.begin)
        post_migrate.connect(roles.grant_permissions, sender=self)
        m2m_changed.connect(signals.follow_staff_roles, sender=User.groups.through)
        # Django's groups are the roles. Its migrations keep their own words.
        apps.get_app_config("auth").verbose_name = self.verbose_name
        Group._meta.verbose_name, Group._meta.verbose_name_plural = _("role"), _("roles")
