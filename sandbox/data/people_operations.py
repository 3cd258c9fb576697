"""Templates about people joining, leaving and being away."""

from __future__ import annotations

from .build import Builder
from .people import ANA, EVERYONE, INVITED_KOFI, JUERGEN, MAREK, OLIVIA, PRIYA


def add_people_operations(builder: Builder) -> None:
    """Add onboarding, offboarding, leave and training."""
    _onboarding(builder)
    _offboarding(builder)
    _leave(builder)
    _training(builder)


def _onboarding(builder: Builder) -> None:
    manager = builder.field("user", "Manager", "Approves the plan and leads the first review.", required=True)
    buddy = builder.field("user", "Buddy", "A colleague who answers the small questions.")
    builder.template(
        "Employee onboarding",
        "From the signed contract to the **first review after 30 days**.\n\n"
        "1. Start at least *ten working days* before the first day.\n"
        "2. Equipment is ordered by its own procedure.\n"
        "3. Questions go to [People Operations](https://example.com/people).",
        kickoff_description="One launch per new colleague. Nothing is announced to them before the welcome call.",
        kickoff=[
            builder.field("string", "Full name", "As written in the contract.", required=True),
            builder.field("string", "Position", required=True),
            builder.field("date", "First day", required=True),
            builder.field(
                "dropdown",
                "Department",
                required=True,
                options=("Operations", "Finance", "Sales", "Support", "Engineering", "People", "Legal"),
            ),
            builder.field("radio", "Place of work", required=True, options=("Office", "Hybrid", "Remote")),
            manager,
            buddy,
            builder.field(
                "checkbox",
                "Needs",
                "Everything that must be there *on the first morning*.",
                options=("Laptop", "Second screen", "Phone", "Desk", "Access card", "Parking space"),
            ),
            builder.field("file", "Signed contract", "PDF; pages in order.", required=True),
            builder.field("text", "Anything else", "Accessibility, relocation, language courses ..."),
        ],
        tasks=[
            builder.task(
                "Check the contract", "All pages signed, dates agree with the form.", by=[ANA, PRIYA]
            ),
            builder.task(
                "Prepare workplace and accounts",
                "- accounts in directory, mail and payroll\n- access card at reception",
                by=[JUERGEN],
                output=[
                    builder.field("string", "Work e-mail address", required=True),
                    builder.field(
                        "radio", "Laptop handed over", options=("Yes", "Sent by courier", "Not yet")
                    ),
                ],
            ),
            builder.task("Plan the first week", by_fields=[manager, buddy], all_must=True),
            builder.task("Welcome call", by=[PRIYA], by_fields=[manager], delay="1 00:00:00"),
            builder.task(
                "Review after 30 days",
                by_fields=[manager],
                delay="30 00:00:00",
                output=[builder.field("text", "Agreed next steps", "Markdown is welcome.", required=True)],
            ),
        ],
        run_allowed=(OLIVIA, ANA, PRIYA, INVITED_KOFI),
        updated_by=ANA,
    )


def _offboarding(builder: Builder) -> None:
    builder.template(
        "Employee offboarding",
        "Access ends on the last day, **not** before and not later.",
        kickoff=[
            builder.field("user", "Who leaves", required=True),
            builder.field("date", "Last day", required=True),
            builder.field(
                "radio", "Reason", options=("Resignation", "End of contract", "Retirement", "Other")
            ),
            builder.field("text", "Handover", "Who takes over what, and where the notes are."),
            builder.field(
                "checkbox", "To be returned", options=("Laptop", "Phone", "Access card", "Company card")
            ),
        ],
        tasks=[
            builder.task("Agree on the handover", by_starter=True),
            builder.task("Collect equipment", by=[JUERGEN], output=[builder.field("file", "Signed receipt")]),
            builder.task(
                "Close accounts",
                "Directory first, everything else follows.",
                by=[JUERGEN, MAREK],
                all_must=True,
            ),
            builder.task("Final payroll", by=[ANA], delay="5 00:00:00"),
        ],
        run_allowed=(OLIVIA, ANA, PRIYA),
        updated_by=PRIYA,
    )


def _leave(builder: Builder) -> None:
    deputy = builder.field("user", "Deputy", "Knows your open work.", required=True)
    builder.template(
        "Leave request",
        "Holiday, parental leave and everything in between. Sick notes go to the *Sickness* mailbox instead.",
        kickoff=[
            builder.field(
                "radio", "Kind of leave", required=True, options=("Holiday", "Parental", "Unpaid", "Study")
            ),
            builder.field("date", "First day away", required=True),
            builder.field("date", "Last day away", required=True),
            deputy,
            builder.field("text", "Note to the manager"),
        ],
        tasks=[
            builder.task("Confirm that you can deputise", by_fields=[deputy]),
            builder.task(
                "Decide",
                by=[ANA, PRIYA],
                delay="30:00",
                output=[builder.field("radio", "Decision", required=True, options=("Granted", "Refused"))],
            ),
            builder.task("Enter it into the calendar", by_starter=True),
        ],
        run_allowed=EVERYONE,
        finalizable=True,
        updated_by=ANA,
    )


def _training(builder: Builder) -> None:
    builder.template(
        "Training request",
        kickoff_description="Budget: 1,200 EUR per person and year.",
        kickoff=[
            builder.field("string", "Course", required=True),
            builder.field("url", "Page of the course", "With the price on it.", required=True),
            builder.field("date", "Starts on"),
            builder.field("user", "Participant", required=True),
            builder.field("text", "What will be better afterwards?"),
        ],
        tasks=[builder.task("Approve", by=[PRIYA]), builder.task("Book", by=[ANA], delay="2 00:00:00")],
        run_allowed=EVERYONE,
        finalizable=True,
        updated_by=PRIYA,
    )
