"""Templates about the office; the last one shows every field type and is the first that people see."""

from __future__ import annotations

from .build import Builder
from .people import ANA, EVERYONE, INVITED_KOFI, JUERGEN, LUKASZ, OLIVIA


def add_workplace(builder: Builder) -> None:
    """Add stock count, visitors, travel, an inactive template and the equipment request."""
    _office_move(builder)
    _stock_count(builder)
    _visitors(builder)
    _travel(builder)
    _equipment(builder)


def _office_move(builder: Builder) -> None:
    builder.template(
        "Office move 2024",
        "Finished in December 2024. Kept for its history.",
        kickoff=[
            builder.field("string", "Team", required=True),
            builder.field("date", "Moving day", required=True),
            builder.field("checkbox", "Moves along", options=("Desks", "Screens", "Plants")),
        ],
        tasks=[
            builder.task("Pack", by_starter=True),
            builder.task("Unpack", by_starter=True, delay="1 00:00:00"),
        ],
        run_allowed=(OLIVIA, JUERGEN),
        active=False,
    )


def _stock_count(builder: Builder) -> None:
    builder.template(
        "Monthly stock count",
        "Starts without questions: the lists are printed from the warehouse system.",
        tasks=[
            builder.task(
                "Count",
                "Two people, *independently*.",
                by=[LUKASZ, JUERGEN],
                all_must=True,
                output=[builder.field("file", "Count sheet", required=True)],
            ),
            builder.task("Explain differences", by=[LUKASZ], delay="2 00:00:00"),
        ],
        run_allowed=(OLIVIA, JUERGEN, LUKASZ),
        updated_by=LUKASZ,
    )


def _visitors(builder: Builder) -> None:
    host = builder.field("user", "Host", required=True)
    builder.template(
        "Visitor registration",
        "Reception prints the badge from this form.",
        kickoff=[
            builder.field("string", "Names", "Separated by commas.", required=True),
            builder.field("string", "Company"),
            builder.field("date", "Day of the visit", required=True),
            host,
            # The name of the type in the webhook examples of the documentation.
            builder.field("radiobutton", "Needs a parking space", options=("Yes", "No")),
        ],
        tasks=[
            builder.task("Prepare badges", by=[JUERGEN]),
            builder.task("Collect the visitors", by_fields=[host]),
        ],
        run_allowed=EVERYONE,
        updated_by=JUERGEN,
    )


def _travel(builder: Builder) -> None:
    builder.template(
        "Travel request",
        "Trains before planes wherever the journey takes *less than six hours*.",
        kickoff=[
            builder.field("user", "Traveller", required=True),
            builder.field("string", "Destination", required=True),
            builder.field("date", "Departure", required=True),
            builder.field("date", "Return", required=True),
            builder.field("checkbox", "To be booked", options=("Train", "Flight", "Hotel", "Car")),
            builder.field("url", "Event"),
            builder.field("text", "Purpose", required=True),
        ],
        tasks=[
            builder.task("Approve", by=[OLIVIA]),
            builder.task(
                "Book", by=[ANA], output=[builder.field("file", "Tickets"), builder.field("url", "Booking")]
            ),
        ],
        run_allowed=EVERYONE,
        updated_by=OLIVIA,
    )


def _equipment(builder: Builder) -> None:
    receiver = builder.field("user", "Who is it for", "They confirm that it arrived.", required=True)
    builder.template(
        "Office equipment request",
        "Chairs, screens, keyboards and anything that makes work easier.\n\n"
        "- **Ergonomic** needs are always approved.\n"
        "- Delivery takes *three to five* working days; see the [catalogue](https://example.com/catalogue).",
        kickoff_description="This form has a field of **every** kind that Pneumatic knows: a good one to try first.",
        kickoff=[
            builder.field("string", "What do you need?", "One item per request.", required=True),
            builder.field("text", "Why?", "Markdown is welcome.", required=True),
            builder.field(
                "radio", "How urgent is it?", required=True, options=("This week", "This month", "No hurry")
            ),
            builder.field(
                "checkbox",
                "Extras",
                options=("Cable", "Adapter", "Stand", "Bag", "Warranty extension"),
            ),
            builder.field("date", "Needed by", "Leave it empty when any day will do."),
            builder.field("url", "Link to the product", "A page with the price on it."),
            builder.field(
                "dropdown",
                "Deliver to",
                required=True,
                options=("Lisbon", "Prague", "Nairobi", "Osaka", "Toronto", "Home address"),
            ),
            builder.field("file", "Photos or offers", "Any number of files, each below 100 MB."),
            receiver,
        ],
        tasks=[
            builder.task(
                "Approve the request",
                by=[OLIVIA, JUERGEN],
                output=[
                    builder.field("radio", "Decision", required=True, options=("Approved", "Rejected")),
                    builder.field("text", "Reason"),
                ],
            ),
            builder.task(
                "Order", by=[JUERGEN], delay="04:00:00", output=[builder.field("string", "Order number")]
            ),
            builder.task(
                "Confirm that it arrived", by_fields=[receiver], by_starter=True, delay="5 00:00:00"
            ),
        ],
        run_allowed=(*EVERYONE, INVITED_KOFI),
        finalizable=True,
        updated_by=JUERGEN,
    )
