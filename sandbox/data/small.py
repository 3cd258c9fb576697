"""A few records with fixed names, for tests that count them."""

from __future__ import annotations

from .build import Builder


def add_small(builder: Builder, *, has_numbers: bool) -> None:
    """Add three users and three templates: one with every field type, one without fields, one inactive.

    Only the current server has the type ``number``.
    """
    owner = builder.user("Ada", "Owner", "ada@example.com", owner=True, admin=True)
    builder.user("Bo", "Operator", "bo@example.com")
    builder.user("", "", "cy@example.com", invited_from="email")
    builder.template(
        "Every field",
        kickoff=[
            builder.field("string", "Subject", required=True, api_name="string-1"),
            builder.field("text", "Details", api_name="text-2"),
            builder.field("radio", "Priority", options=("Low", "High"), api_name="radio-3"),
            builder.field(
                "checkbox", "Areas", options=("Sales", "Support", "Finance"), api_name="checkbox-4"
            ),
            builder.field("date", "Needed by", api_name="date-5"),
            builder.field("url", "Link", api_name="url-6"),
            builder.field("dropdown", "Site", options=("Lisbon", "Prague"), api_name="dropdown-7"),
            builder.field("file", "Files", api_name="file-8"),
            builder.field("user", "In charge", api_name="user-9"),
            *([builder.field("number", "Amount", api_name="number-10")] if has_numbers else []),
        ],
        tasks=[builder.task("Check", by=[owner]), builder.task("Do", by_starter=True)],
        run_allowed=[1, 2],
    )
    builder.template("No fields", tasks=[builder.task("Do", by=[owner])], run_allowed=[1, 2])
    builder.template("Inactive", tasks=[builder.task("Do", by=[owner])], active=False)
