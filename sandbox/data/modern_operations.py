"""What only the current server can have, in the demonstration account."""

from __future__ import annotations

from .build import Builder
from .finance import COST_CENTRES
from .people import ANA, DMITRI, EVERYONE, JUERGEN, LAYLA, MAREK, OLIVIA, PRIYA, XIUYING

_COUNTRIES = (
    "Česko",
    "Deutschland",
    "Ísland",
    "日本",
    "Ελλάδα",
    "Lebanon",
    "New York, NY (branch)",
    "Portugal",
)


def add_modern_operations(builder: Builder) -> None:
    """Add groups, data sets, a user who left, and templates with fieldsets, presets, hidden fields and numbers."""
    builder.user("Gerda", "Nilsson", "gerda.nilsson@example.com")
    builder.users[-1]["status"] = "inactive"
    builder.users[JUERGEN - 1]["language"] = "de"
    finance = builder.group("Finance", [XIUYING, MAREK, DMITRI])
    builder.group("Legal", [LAYLA])
    for template in builder.templates:
        for field in template["kickoff"]["fields"]:
            # The current server takes no template whose question for a person may stay open.
            field["is_required"] = field["is_required"] or field["type"] == "user"
    _every_kind(builder)
    _goods_return(builder)
    _subscription(builder, finance)
    _salary(builder)


def _every_kind(builder: Builder) -> None:
    """Ask for a number, too, at the end of the form that has a field of every kind."""
    template = next(row for row in builder.templates if row["name"] == "Office equipment request")
    for field in template["kickoff"]["fields"]:
        field["order"] += 1
    template["kickoff"]["fields"].append(builder.field("number", "How many?"))


def _goods_return(builder: Builder) -> None:
    countries = builder.dataset("Countries", _COUNTRIES, "Where we deliver to.")
    template = builder.template(
        "Goods return",
        "One form per parcel.",
        kickoff=[
            builder.field("string", "Order number", required=True),
            builder.field("number", "Pieces", "Whole pieces only.", required=True, default="1"),
            builder.field("radio", "Reason", required=True, options=("Damaged", "Wrong item", "Not needed")),
            builder.field("file", "Pictures of the damage"),
        ],
        tasks=[
            builder.task("Receive the parcel", by=[JUERGEN]),
            builder.task(
                "Decide on the refund", by=[XIUYING], output=[builder.field("number", "Refund in EUR")]
            ),
        ],
        run_allowed=EVERYONE,
        updated_by=JUERGEN,
    )
    template["wf_name_template"] = "{{template-name}} — {{date}}"
    template["kickoff"]["fieldsets"] = [
        builder.fieldset(
            "Sender block",
            "Sender",
            [
                builder.field("string", "Company", required=True),
                builder.field("dropdown", "Country", required=True, dataset=countries),
            ],
            "As printed on the parcel.",
        ),
        builder.fieldset(
            "Costs block",
            "Costs",
            [builder.field("number", "Postage in EUR"), builder.field("number", "Insurance in EUR")],
            order=1,
            label_position="left",
            layout="horizontal",
        ),
    ]


def _subscription(builder: Builder, finance: int) -> None:
    centres = builder.dataset("Cost centres", COST_CENTRES)
    template = builder.template(
        "Software subscription",
        "For everything that renews itself.",
        kickoff=[
            builder.field("string", "Product", required=True),
            builder.field("url", "Its web site", default="https://example.com/"),
            builder.field("dropdown", "Cost centre", required=True, dataset=centres),
            builder.field("number", "Price per year in EUR", required=True),
            builder.field("date", "First day"),
            builder.field("string", "Form version", hidden=True, default="2026-08"),
        ],
        tasks=[builder.task("Approve", by=[XIUYING]), builder.task("Subscribe", by=[PRIYA])],
        run_allowed=(OLIVIA, ANA, PRIYA),
        updated_by=XIUYING,
    )
    template["owners"] = [
        {"type": "user", "id": OLIVIA, "role": "owner"},
        {"type": "user", "id": ANA, "role": "starter"},
        {"type": "group", "id": finance, "role": "viewer"},
    ]
    template["tasks"][0]["responsible_groups"] = [finance]


def _salary(builder: Builder) -> None:
    template = builder.template(
        "Salary change",
        "Confidential.",
        kickoff=[
            builder.field("user", "For whom", required=True),
            builder.field("number", "New salary in EUR"),
        ],
        tasks=[builder.task("Decide", by=[MAREK])],
        run_allowed=[MAREK],
        updated_by=MAREK,
    )
    template["owners"] = [{"type": "user", "id": MAREK, "role": "owner"}]
