"""What the Pneumatic on the other end can do. Nothing above the gateway asks which generation of the API it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What may be offered to people.

    Unless ``is_known``, nobody has found out yet which Pneumatic it is, and little is offered.
    ``longest_name`` (characters) is what a workflow's name may have, None for no limit; ``name_variables`` are what
    the server puts into a name in place of ``{{...}}`` besides the answers, by their api_names. ``no_files`` is a
    sentence that says why no file can be uploaded, '' where they can.
    """

    is_known: bool = True
    reads_back: bool = False  # workflows can be listed and read
    groups: bool = False  # groups of users are known and can be answers
    urgency: bool = False  # a launch may say that it is urgent, and when it is due
    lists_own_templates: bool = False  # the list shows only templates in which the key's user has a part
    owner_may_run_everything: bool = (
        False  # the account owner needs no place among those who may run a template
    )
    one_url_per_event: bool = False  # subscribing to an event takes it away from whoever had it
    longest_name: int | None = None
    name_variables: tuple[str, ...] = ()
    thumbnails: bool = False  # an upload takes a small picture along
    no_files: str = ""
