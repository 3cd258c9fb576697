"""What several contract tests do first."""

from __future__ import annotations

import io

from apps.pneumatic.canonical.schemas import FileValue, Template
from apps.pneumatic.client import Client


def every_field(client: Client) -> Template:
    return named(client, "Every field")


def named(client: Client, name: str) -> Template:
    """Return the template that is called so, in full."""
    (row,) = [row for row in client.receive_template_list() if row.raw["name"] == name]
    (template,) = client.receive_templates([row])
    return template.read()


def upload(
    client: Client,
    content: bytes = b"%PDF-1.7",
    name: str = "offer.pdf",
    *,
    content_type: str = "application/pdf",
    thumbnail: bytes | None = None,
) -> FileValue:
    public = client.upload(
        io.BytesIO(content), filename=name, content_type=content_type, size=len(content), thumbnail=thumbnail
    )
    return FileValue(id=public.id, name=public.name, url=public.url, size=public.size)
