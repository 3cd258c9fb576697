"""Files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.core.answers import AnswerText, file_part, safe_link
from apps.core.text.visible import first_visible
from apps.kickoff.fields.base import AnswerError, ControlState, KickoffField
from apps.kickoff.fields.registry import register
from apps.kickoff.lookups import Lookups, StoredFile
from apps.pneumatic.canonical.schemas import FILE_SIZE_LIMIT, FileValue


def missing_files_message(count: int) -> str:
    """Return the message that ``count`` files are no longer available."""
    return ngettext(
        "A file that was attached is no longer available. Attach it again.",
        "%(count)s files that were attached are no longer available. Attach them again.",
        count,
    ) % {"count": count}


class StoredFilesField(forms.Field):
    """Files that were uploaded before, by their upload ids."""

    widget = forms.MultipleHiddenInput

    def __init__(self, lookups: Lookups, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.lookups = lookups

    def to_python(self, value: Any) -> list[StoredFile]:
        """Return the files."""
        ids = list(dict.fromkeys(id_ for id_ in value or () if id_))
        files = self.lookups.load_files(ids)
        if missing := len(ids) - len(files):
            raise ValidationError(missing_files_message(missing))
        return files


@register
class FileField(KickoffField[tuple[FileValue, ...]]):
    """``file``: any number of files; each is uploaded to Pneumatic before the form is sent."""

    type_name = "file"
    template_name = "kickoff/widgets/file.html"
    required_message = gettext_lazy("Attach a file: this field is required.")
    is_group = True
    holds_files = True

    def form_field(self, lookups: Lookups) -> forms.Field:
        """Return a field for upload ids."""
        return StoredFilesField(
            lookups, required=self.definition.is_required, error_messages={"required": self.required_message}
        )

    def to_value(self, cleaned: Any) -> tuple[FileValue, ...] | None:
        """Return the files."""
        return tuple(cleaned or ()) or None

    def initial(self, value: tuple[FileValue, ...]) -> list[str]:
        """Return the upload ids."""
        return [file.upload_id for file in value if isinstance(file, StoredFile) and file.upload_id]

    def to_json(self, value: tuple[FileValue, ...]) -> Any:
        """Return what shows the files, and the upload ids that attach them to another launch."""
        return [
            {
                "id": file.id,
                "name": file.name,
                "url": file.url,
                "size": file.size,
                "upload_id": getattr(file, "upload_id", ""),
                "thumbnail_url": getattr(file, "thumbnail_url", ""),
            }
            for file in value
        ]

    def from_json(self, data: Any) -> tuple[FileValue, ...]:
        """Return the stored files."""
        if not isinstance(data, list) or not all(isinstance(file, dict) and "id" in file for file in data):
            raise AnswerError(_("The stored answer is not a valid list of files."))
        return tuple(
            StoredFile(
                id=str(file["id"]),
                name=str(file.get("name", "")),
                url=str(file.get("url", "")),
                size=file["size"] if isinstance(file.get("size"), int) else 0,
                upload_id=str(file.get("upload_id", "")),
                thumbnail_url=str(file.get("thumbnail_url", "")),
            )
            for file in data
        )

    def describe(self, value: tuple[FileValue, ...]) -> AnswerText:
        """Return names, sizes and links."""
        return AnswerText(
            tuple(file_part(first_visible(file.name, file.id), file.url, size=file.size) for file in value)
        )

    def files_in(self, values: Sequence[str]) -> list[str]:
        """Return the upload ids that were posted."""
        return [value for value in values if value]

    def parse_link_values(self, values: Sequence[str], lookups: Lookups) -> list[str]:
        """Refuse: a link must not attach files of other users."""
        if any(values):
            raise AnswerError(_("A link cannot attach files."))
        return []

    def from_default(self, lookups: Lookups) -> list[str]:
        """Return nothing: a text attaches no file."""
        return []

    def context(self, state: ControlState) -> dict[str, Any]:
        """Return the files that are attached."""
        ids = self.files_in(state.values)
        files = state.lookups.load_files(ids)
        missing = len(set(ids)) - len(files)
        return {
            "files": [
                {"file": file, "link": safe_link(file.url), "thumbnail": safe_link(file.thumbnail_url)}
                for file in files
            ],
            "size_limit": FILE_SIZE_LIMIT,
            "gone": missing_files_message(missing) if missing else "",
        }

    def display_values(self, values: Sequence[str]) -> list[str]:
        """Return how many files they are: upload ids say nothing to people."""
        count = len(values)
        return [ngettext("%(count)s file", "%(count)s files", count) % {"count": count}] if count else []
