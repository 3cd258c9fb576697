"""Files of a launch: in the storage of a release before 7.0, or in the file service."""

from __future__ import annotations

from django.conf import settings

from apps.pneumatic.canonical.schemas import PublicFile, Upload
from apps.pneumatic.dialects.current import storage
from apps.pneumatic.dialects.current.encodings import LaunchEncodings
from apps.pneumatic.transport import file_service
from apps.pneumatic.transport.api import Transport
from apps.pneumatic.transport.parsing import Node


class FileCalls(LaunchEncodings):
    """The part of the dialect that uploads files."""

    @property
    def no_files(self) -> str:
        """The sentence that says why files cannot be uploaded; '' where they can."""
        if settings.PNEUMATIC_FILES_URL or self.has_file_storage:
            return ""
        return file_service.not_configured()

    def upload(self, transport: Transport, upload: Upload) -> PublicFile:
        if self.has_file_storage:
            return storage.upload(transport, upload)
        return file_service.upload(transport, upload, files_url=settings.PNEUMATIC_FILES_URL)

    def check_files(self, transport: Transport) -> bool:
        if self.has_file_storage:
            return False  # only an announcement would show it, and an announcement remains
        file_service.check(transport, files_url=settings.PNEUMATIC_FILES_URL)
        return True

    def find_files_url(self, transport: Transport) -> str:
        answer = Node(transport.get("/attachments", {"limit": 1}))
        urls = [node.lenient_text("url") for node in answer.items("results")]
        return urls[0].rpartition("/")[0] if urls else ""
