"""How one client encodes launches: as the server's release reads them, or otherwise after a refusal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings

from apps.pneumatic import server
from apps.pneumatic.canonical.features import Features, FileEncoding, OptionEncoding
from apps.pneumatic.canonical.schemas import Answer, FieldDefinition
from apps.pneumatic.dialects.current import features
from apps.pneumatic.dialects.current.values import could_be_an_id, has_texts_as_keys
from apps.pneumatic.transport.api import Transport


class LaunchEncodings:
    """The part of the dialect that knows the features of the server."""

    def __init__(self) -> None:
        self._features: Features | None = None
        self._tried: set[str] = set()  # encodings that the server refused

    @property
    def features(self) -> Features | None:
        return self._features or server.known_features()

    def find_features(self, transport: Transport, context: Mapping[str, Any]) -> None:
        """Find the features of the server that answered ``GET /auth/context`` with ``context``."""
        may_lack_files = not settings.PNEUMATIC_FILES_URL
        self._features = features.find(transport, context, may_lack_files=may_lack_files)

    @property
    def has_file_storage(self) -> bool:
        """Whether files are attachments, as before 7.0, and no file service is needed."""
        return self.features is not None and self.features.files is FileEncoding.ID

    def needs_features(self, answers: Sequence[Answer]) -> bool:
        found = self.features
        if found is None:
            return any(could_be_an_id(answer.field, answer.value) for answer in answers)
        # Options with texts as keys contradict such features: the server may have been upgraded.
        reads_api_names = found.options is OptionEncoding.API_NAME
        return reads_api_names and any(has_texts_as_keys(answer.field) for answer in answers)

    def encode_otherwise(self, definition: FieldDefinition, *, was_unknown: bool) -> bool:
        found = self.features
        if found is None:
            return False
        refused = features.encoding(features.V7 if was_unknown else found, definition)
        other = features.otherwise(found, definition, self._tried | {refused})
        if other is None:
            return False
        self._tried.add(refused)
        self._features = other
        return True

    def accepted_features(self) -> Features | None:
        return features.accepted(self.features, self._tried) if self.features else None
