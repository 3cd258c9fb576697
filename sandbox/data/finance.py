"""Templates about money, suppliers and contracts."""

from __future__ import annotations

from .build import Builder
from .people import CHIDI, DMITRI, EVERYONE, LAYLA, LUKASZ, MAREK, OLIVIA, XIUYING

_SITES = (
    "Accra", "Beirut", "Berlin", "Dublin", "Hanoi", "Istanbul", "Kyiv", "Lagos", "Lisbon", "Ljubljana",
    "London", "Osaka", "Prague", "Reykjavík", "São Paulo", "Seoul", "Thessaloníki", "Toronto", "Warsaw", "Zürich",
)  # fmt: skip
_UNITS = (
    "Accounting", "Customer care", "Design", "Engineering", "Facilities", "Field service", "Legal", "Logistics",
    "Marketing", "People", "Procurement", "Quality", "Sales", "Security", "Training",
)  # fmt: skip
# 300 options: too many for an open list.
COST_CENTRES = tuple(
    f"{number} {site} / {unit}"
    for number, (site, unit) in enumerate(((site, unit) for site in _SITES for unit in _UNITS), start=4001)
)


def add_finance(builder: Builder) -> None:
    """Add purchases, suppliers, contracts and expenses."""
    _purchase(builder)
    _supplier(builder)
    _contract(builder)
    _expenses(builder)


def _purchase(builder: Builder) -> None:
    builder.template(
        "Purchase request",
        "For everything that costs **more than 250 EUR**. Below that, buy it and claim it back.\n\n"
        "| up to | who decides |\n|---|---|\n| 2,500 EUR | team lead |\n"
        "| 25,000 EUR | finance |\n| above | management |",
        kickoff=[
            builder.field("string", "What is needed", required=True),
            builder.field("text", "Why", "What happens if we do not buy it?", required=True),
            builder.field("string", "Amount in EUR", "Without VAT, as in the offer.", required=True),
            builder.field("dropdown", "Cost centre", "Who pays for it.", required=True, options=COST_CENTRES),
            builder.field("date", "Needed by"),
            builder.field("url", "Link to the offer"),
            builder.field("file", "Offers", "Three of them from 5,000 EUR up."),
        ],
        tasks=[
            builder.task("Check the budget", by=[XIUYING], output=[builder.field("string", "Budget line")]),
            builder.task(
                "Approve",
                "Both of you, please.",
                by=[XIUYING, MAREK],
                all_must=True,
                output=[
                    builder.field(
                        "radio", "Decision", required=True, options=("Approved", "Rejected", "Ask again")
                    ),
                    builder.field("text", "Reason"),
                ],
            ),
            builder.task(
                "Order", by=[DMITRI], output=[builder.field("string", "Order number", required=True)]
            ),
            builder.task("Confirm the delivery", by_starter=True, delay="7 00:00:00"),
        ],
        run_allowed=EVERYONE,
        updated_by=XIUYING,
    )


def _supplier(builder: Builder) -> None:
    contact = builder.field("user", "Responsible buyer", required=True)
    builder.template(
        "Supplier onboarding",
        "No vendor is paid before these checks are done: identity, tax, sanctions lists, data protection.",
        kickoff=[
            builder.field("string", "Company", required=True),
            builder.field("string", "Tax number"),
            builder.field("url", "Web site", required=True),
            contact,
            builder.field(
                "checkbox",
                "Will have access to",
                options=(
                    "Personal data",
                    "Customer data",
                    "Our buildings",
                    "Our network",
                    "Nothing of these",
                ),
            ),
            builder.field(
                "radio", "Expected volume per year", options=("Below 10,000 EUR", "Below 100,000 EUR", "More")
            ),
            builder.field("file", "Certificates"),
        ],
        tasks=[
            builder.task("Collect the self-disclosure", by_fields=[contact]),
            builder.task("Check identity and sanctions lists", by=[LAYLA]),
            builder.task(
                "Data protection", by=[LAYLA], output=[builder.field("file", "Processing agreement")]
            ),
            builder.task("Create the account", by=[DMITRI], delay="04:00:00"),
        ],
        run_allowed=(OLIVIA, MAREK, XIUYING, DMITRI),
        updated_by=DMITRI,
    )


def _contract(builder: Builder) -> None:
    owner = builder.field(
        "user", "Contract owner", "Lives with the contract after it is signed.", required=True
    )
    builder.template(
        "Contract review",
        "> Send the **editable** version. A scan cannot be redlined.\n\nLegal answers within three working days.",
        kickoff=[
            builder.field("string", "Counterparty", required=True),
            builder.field(
                "dropdown",
                "Kind of contract",
                required=True,
                options=(
                    "Customer",
                    "Supplier",
                    "Confidentiality",
                    "Employment",
                    "Lease",
                    "Partnership",
                    "Other",
                ),
            ),
            builder.field("file", "Drafts", "All documents that belong together.", required=True),
            owner,
            builder.field("date", "To be signed by"),
            builder.field(
                "checkbox",
                "Points to look at",
                options=(
                    "Liability",
                    "Termination",
                    "Price changes",
                    "Exclusivity",
                    "Personal data",
                    "Governing law",
                ),
            ),
            builder.field("text", "Background"),
        ],
        tasks=[
            builder.task(
                "First reading",
                by=[LAYLA],
                output=[
                    builder.field("radio", "Risk", required=True, options=("Low", "Medium", "High")),
                    builder.field("text", "Comments", required=True),
                ],
            ),
            builder.task("Negotiate", by_fields=[owner], by_starter=True),
            builder.task("Final approval", by=[LAYLA, OLIVIA], all_must=True),
            builder.task(
                "Sign and file", by=[LUKASZ], output=[builder.field("file", "Signed contract", required=True)]
            ),
            builder.task("Remind before it renews", by_fields=[owner], delay="300 00:00:00"),
        ],
        run_allowed=(OLIVIA, MAREK, LAYLA, LUKASZ, CHIDI),
        updated_by=LAYLA,
    )


def _expenses(builder: Builder) -> None:
    builder.template(
        "Expense claim",
        kickoff=[
            builder.field("string", "Purpose", required=True),
            builder.field("date", "Date of the expense", required=True),
            builder.field("string", "Amount and currency", "For example `84.50 EUR`.", required=True),
            builder.field("dropdown", "Cost centre", options=COST_CENTRES[:45]),
            builder.field("file", "Receipts", "One photo or PDF per receipt.", required=True),
        ],
        tasks=[
            builder.task("Check the receipts", by=[XIUYING]),
            builder.task(
                "Pay",
                by=[DMITRI],
                delay="1 12:00:00",
                output=[builder.field("date", "Paid on", required=True)],
            ),
        ],
        run_allowed=EVERYONE,
        updated_by=XIUYING,
    )
