"""How one client encodes launches: as the server's release reads them, or otherwise after a refusal.

What this client was shown takes precedence over what was remembered: the server may have been upgraded since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from apps.pneumatic import server
from apps.pneumatic.canonical.features import DateEncoding, Features, FileEncoding, OptionEncoding
from apps.pneumatic.canonical.schemas import Answer, FieldDefinition
from apps.pneumatic.dialects.current import features
from apps.pneumatic.dialects.current.options import WITH_SELECTIONS
from apps.pneumatic.dialects.current.values import (
    could_be_an_id,
    could_be_another_option,
    differs_between_releases,
    has_texts_as_keys,
)
from apps.pneumatic.dialects.refusals import refused
from apps.pneumatic.transport.api import Transport


class LaunchEncodings:
    """The part of the dialect that knows the features of the server."""

    def __init__(self) -> None:
        self._features: Features | None = None
        self._tried: set[str] = set()  # encodings that the server refused
        self._is_found = False
        self._options: dict[int, OptionEncoding] = {}  # by template, as this client was shown it

    @property
    def features(self) -> Features | None:
        return self._features or server.known_features()

    @property
    def has_found_features(self) -> bool:
        return self._is_found

    def find_features(self, transport: Transport, context: Mapping[str, Any]) -> None:
        """Find the features of the server that answered ``GET /auth/context`` with ``context``."""
        self._features = features.find(transport, context)
        self._is_found = True

    def forget_features(self) -> None:
        self._features, self._is_found = None, False

    def note_options(self, template_id: int, sends_api_names: bool | None) -> None:
        """Note what the server shows about the options of a template; None where it shows nothing."""
        if sends_api_names is not None:
            encoding = OptionEncoding.API_NAME if sends_api_names else OptionEncoding.TEXT
            self._options[template_id] = encoding

    @property
    def has_file_storage(self) -> bool:
        """Whether files are attachments, as before 7.0, and no file service is needed."""
        return self.features is not None and self.features.files is FileEncoding.ID

    @property
    def days_begin_in_zone(self) -> bool:
        """Whether days are sent as seconds; release 1.0 reads them as they are written."""
        return self.features is None or self.features.dates[0] is DateEncoding.SECONDS

    def needs_features(self, template_id: int, answers: Sequence[Answer]) -> bool:
        return not self._is_found and any(self._is_doubtful(template_id, answer) for answer in answers)

    def _is_doubtful(self, template_id: int, answer: Answer) -> bool:
        """Return whether a server of another release than the remembered one could store another answer."""
        if answer.field.type in WITH_SELECTIONS:
            if template_id in self._options:
                return False
            if self._reads(template_id) is OptionEncoding.API_NAME and has_texts_as_keys(answer.field):
                return True
        return could_be_an_id(answer) or could_be_another_option(answer)

    def _reads(self, template_id: int) -> OptionEncoding | None:
        """Return what names an option in a launch of this template; None while unknown."""
        return self._options.get(template_id) or (self.features.options if self.features else None)

    def check_options(self, template_id: int, answers: Sequence[Answer]) -> None:
        """Raise ValidationFailed for an option whose key the server could read as another one."""
        for answer in answers:
            if answer.field.type not in WITH_SELECTIONS:
                continue
            reads = self._reads(template_id)
            if reads is OptionEncoding.API_NAME:
                # With the template at hand, keys that are equal to the texts are its api_names.
                is_outdated = has_texts_as_keys(answer.field) and (
                    template_id not in self._options or could_be_an_id(answer)
                )
            else:
                is_outdated = reads is OptionEncoding.TEXT and could_be_another_option(answer)
            if is_outdated:
                raise refused(
                    answer.field,
                    _(
                        "The options of this form are outdated. Sync the templates, then choose the option again."
                    ),
                )

    def features_for(self, answers: Sequence[Answer]) -> Features | None:
        """Return what the server reads in a launch with these answers; None if unknown, or if it does not matter."""
        return self.features if any(self.may_differ(answer.field) for answer in answers) else None

    def may_differ(self, definition: FieldDefinition) -> bool:
        return differs_between_releases(definition)

    def encode_otherwise(self, definition: FieldDefinition) -> bool:
        found = self.features
        if found is None:
            return False
        now = features.encoding(found, definition)
        other = features.otherwise(found, definition, self._tried | {now})
        if other is None:
            return False
        self._tried.add(now)
        self._features = other
        return True

    def accepted_features(self) -> Features | None:
        return features.accepted(self.features, self._tried) if self.features and self._tried else None
