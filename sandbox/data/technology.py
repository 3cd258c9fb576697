"""Templates about systems: incidents, access, changes."""

from __future__ import annotations

from .build import Builder
from .people import CHIDI, EVERYONE, JUERGEN, KENTA, MINJUN, NIKOS, OLIVIA, ZOE


def add_technology(builder: Builder) -> None:
    """Add incidents, access, changes and complaints."""
    _incident(builder)
    _access(builder)
    _change(builder)
    _complaint(builder)


def _incident(builder: Builder) -> None:
    lead = builder.field("user", "Incident lead", "Decides and informs; does not repair.", required=True)
    builder.template(
        "Incident report",
        "## When something is broken\n\n**Act first, write later.** If people are in danger, call 112.\n\n"
        "- severity 1: customers cannot work\n- severity 2: a part does not work\n- severity 3: annoying",
        kickoff_description="Two lines are enough to start. Details can follow in the tasks.",
        kickoff=[
            builder.field("string", "What is wrong", required=True),
            builder.field("radio", "Severity", required=True, options=("1", "2", "3")),
            builder.field("date", "Noticed on", required=True),
            builder.field(
                "checkbox",
                "Affected",
                required=True,
                options=(
                    "Web shop",
                    "Warehouse",
                    "Payments",
                    "Telephones",
                    "Mail",
                    "Office network",
                    "Other",
                ),
            ),
            lead,
            builder.field("url", "Dashboard or ticket"),
            builder.field("file", "Screenshots"),
            builder.field("text", "What was tried so far"),
        ],
        tasks=[
            builder.task("Tell those who are affected", by_fields=[lead]),
            builder.task(
                "Repair",
                by=[NIKOS, KENTA, ZOE],
                output=[
                    builder.field("text", "Cause", required=True),
                    builder.field("date", "Working again since"),
                ],
            ),
            builder.task("Give the all-clear", by_fields=[lead]),
            builder.task(
                "Review without blame",
                "Everyone who took part.",
                by=[NIKOS, KENTA, ZOE],
                by_starter=True,
                all_must=True,
                delay="2 00:00:00",
                output=[
                    builder.field("text", "What we change", required=True),
                    builder.field("file", "Notes"),
                ],
            ),
        ],
        run_allowed=EVERYONE,
        finalizable=True,
        updated_by=NIKOS,
    )


def _access(builder: Builder) -> None:
    person = builder.field("user", "Who needs access", required=True)
    builder.template(
        "Access request",
        "As much as needed, as short as possible.",
        kickoff=[
            person,
            builder.field(
                "dropdown",
                "System",
                required=True,
                options=tuple(
                    f"{area}: {name}"
                    for area in ("Finance", "Sales", "Warehouse", "People")
                    for name in ("Reports", "Entry", "Approval", "Export", "Administration")
                ),
            ),
            builder.field("radio", "Level", required=True, options=("Read", "Write", "Administrator")),
            builder.field("date", "Until", "Empty: until the next yearly review."),
            builder.field("text", "Reason", required=True),
        ],
        tasks=[
            builder.task("Approve as system owner", by=[CHIDI]),
            builder.task("Grant", by=[JUERGEN, MINJUN]),
            builder.task("Try it out", by_fields=[person], delay="15:00"),
        ],
        run_allowed=EVERYONE,
        updated_by=CHIDI,
    )


def _change(builder: Builder) -> None:
    builder.template(
        "Change to production",
        "Planned changes only. Use ~~the telephone~~ **this form**; emergencies are incidents.",
        kickoff=[
            builder.field("string", "Change", required=True),
            builder.field("url", "Pull request", required=True),
            builder.field("date", "Planned for", required=True),
            builder.field("radio", "Can be undone", required=True, options=("At once", "With effort", "No")),
            builder.field("text", "Steps", "In the order in which they will be done.", required=True),
            builder.field("text", "How to undo it"),
        ],
        tasks=[
            builder.task("Review", by=[KENTA, ZOE], all_must=True),
            builder.task("Carry it out", by_starter=True),
            builder.task("Watch for an hour", by_starter=True, delay="01:00:00"),
        ],
        run_allowed=(OLIVIA, NIKOS, KENTA, ZOE, MINJUN),
        updated_by=KENTA,
    )


def _complaint(builder: Builder) -> None:
    template = builder.template(
        "Customer complaint",
        "Answer the customer **within one working day**, even when there is no solution yet.",
        kickoff=[
            builder.field("string", "Customer", required=True),
            builder.field("string", "Order number"),
            builder.field("text", "Complaint", "In the customer's own words.", required=True),
            builder.field("radio", "Channel", options=("Mail", "Telephone", "Shop", "Social media")),
            builder.field("user", "Who looks after it"),
            builder.field("file", "Photos"),
        ],
        tasks=[
            builder.task("Acknowledge", by_starter=True),
            builder.task("Find out what happened", by=[ZOE, CHIDI], delay="08:00:00"),
            builder.task("Answer", by_starter=True, output=[builder.field("text", "Answer", required=True)]),
        ],
        run_allowed=EVERYONE,
        finalizable=True,
        updated_by=ZOE,
    )
    # A server may list fields in any order: only `order` decides how people see them.
    template["kickoff"]["fields"].sort(key=lambda field: str(field["api_name"]))
