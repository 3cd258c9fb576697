"""What a Pneumatic server can do. Apps above the gateway ask for this, never for the name of the API."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The features to offer to users.

    Without ``is_known``, the API is not detected yet and few features are offered. ``longest_name`` is the limit of a
    workflow's name in characters, None for no limit. ``name_variables`` are the names that the server replaces in
    ``{{...}}`` of a workflow's name, in addition to the api_names of answers. ``no_files`` is the sentence that says
    why files cannot be uploaded, '' where they can.
    """

    is_known: bool = True
    reads_back: bool = False  # workflows can be listed and read
    groups: bool = False  # there are groups of users, and they can be answers
    urgency: bool = False  # a launch may be urgent and have a due date
    lists_own_templates: bool = (
        False  # the list has only templates that the key's user owns, views or may start
    )
    owner_may_run_everything: bool = False  # the account owner may launch any template
    one_url_per_event: bool = False  # subscribing to an event replaces its URL
    longest_name: int | None = None
    name_variables: tuple[str, ...] = ()
    thumbnails: bool = False  # an upload may include a thumbnail
    no_files: str = ""
