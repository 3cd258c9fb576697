"""Many templates and users, for benchmarks: quickly made and always the same."""

from __future__ import annotations

from .build import Builder, Record

USERS_PER_TEMPLATE = 2.5
_OPTIONS = ("Low", "Normal", "High", "Urgent")
_FIRST = (
    "Amara",
    "Bruno",
    "Chloé",
    "Dmitri",
    "Elif",
    "Farid",
    "Giulia",
    "Hana",
    "Ingrid",
    "João",
    "Kenji",
    "Lina",
)
_LAST = (
    "Abbott",
    "Brandão",
    "Çelik",
    "Dubois",
    "Eriksen",
    "Fischer",
    "García",
    "Horváth",
    "Ito",
    "Jansen",
    "Κωνσταντίνου",
)
_SUBJECTS = ("Onboarding", "Purchase", "Incident", "Review", "Audit", "Return", "Access", "Travel")


def add_large(builder: Builder, count: int) -> None:
    """Add ``count`` templates with nine fields each, one of every type, and 2.5 times as many users in all."""
    for number in range(len(builder.users) + 1, int(count * USERS_PER_TEMPLATE) + 1):
        # Neighbours differ in both names: searching has something to search.
        first, last = _FIRST[number % len(_FIRST)], _LAST[number // len(_FIRST) % len(_LAST)]
        builder.user(first, f"{last} {number}", f"user{number}@example.com", admin=number % 50 == 0)
    people = len(builder.users)
    for number in range(1, count + 1):
        owner = number % people + 1
        builder.template(
            f"{_SUBJECTS[number % len(_SUBJECTS)]} {number:05d}",
            f"Standard procedure **{number}** of the operations handbook.",
            kickoff=_nine_fields(builder),
            kickoff_description="Fill in what you know.",
            tasks=[
                builder.task("Check the request", by=[owner]),
                builder.task(
                    "Carry it out",
                    by=[owner, (number * 7) % people + 1],
                    delay="04:00:00",
                    output=[builder.field("text", "What was done", api_name="done")],
                ),
            ],
            run_allowed=[owner, 1],
            updated_by=owner,
        )


def _nine_fields(builder: Builder) -> list[Record]:
    return [
        builder.field("string", "Subject", "One line.", required=True),
        builder.field("text", "Details", "Markdown is *welcome*."),
        builder.field("radio", "Priority", required=True, options=_OPTIONS),
        builder.field("checkbox", "Affected areas", options=("Sales", "Support", "Finance")),
        builder.field("date", "Needed by"),
        builder.field("url", "Link"),
        builder.field("dropdown", "Site", options=("Lisbon", "Prague", "Nairobi", "Osaka", "Toronto")),
        builder.field("file", "Attachments"),
        builder.field("user", "Person in charge"),
    ]
