"""What only the current server can have, with fixed names, for tests."""

from __future__ import annotations

from .build import Builder, Record

ADA, BO = 1, 2


def add_modern_small(builder: Builder) -> None:
    """Add three users, two groups, a data set, and templates behind those of ``add_small``.

    The users are an administrator, a user who left, and a user who reads German. Ada, the account's owner, is on
    no list of *Not on Ada's list*, which belongs to the administrator.
    """
    dana = builder.user("Dana", "Admin", "dana@example.com", admin=True)
    builder.user("Emil", "Left", "emil@example.com")
    builder.users[-1]["status"] = "inactive"
    builder.user("Greta", "Æble", "greta@example.com", phone="+45 5550 0106")
    builder.users[-1]["language"] = "de"
    reviewers = builder.group("Reviewers Ü", [BO, dana])
    builder.group("No members yet", [])
    cities = builder.dataset("Cities", ("København", "Łódź", "New York, NY"))
    _fieldsets(builder, cities)
    _data_set(builder, cities, reviewers)
    _defaults(builder)
    _not_listed(builder, dana)
    _shared(builder, reviewers)
    _draft(builder)


def _fieldsets(builder: Builder, cities: Record) -> None:
    amounts = [
        builder.field("number", "Own share", api_name="own-share"),
        builder.field("number", "Other share", api_name="other-share"),
    ]
    template = builder.template(
        "Fieldsets",
        "Fields in blocks.",
        kickoff=[builder.field("string", "Top field", required=True, api_name="top-field")],
        tasks=[builder.task("Check", by=[ADA])],
        run_allowed=[ADA, BO],
    )
    template["kickoff"]["fieldsets"] = [
        builder.fieldset(
            "Address block",
            "Address",
            [
                builder.field("string", "Street", required=True, api_name="street"),
                builder.field("number", "Zip", api_name="zip"),
            ],
            "Where",
            api_name="fieldset-address",
        ),
        builder.fieldset(
            "Choice block",
            "Choices",
            [
                builder.field("dropdown", "Colour", options=("Red", "Blue"), api_name="colour"),
                builder.field("radio", "Branch", dataset=cities, api_name="branch"),
            ],
            order=1,
            api_name="fieldset-choices",
            label_position="left",
            layout="horizontal",
        ),
        builder.fieldset(
            "Shares block",
            "Shares",
            amounts,
            "Both together are 100.",
            order=2,
            api_name="fieldset-shares",
            rules=[
                {
                    "api_name": "rule-shares",
                    "type": "sum_equal",
                    "value": "100",
                    "fields": [field["api_name"] for field in amounts],
                }
            ],
        ),
    ]


def _data_set(builder: Builder, cities: Record, reviewers: int) -> None:
    template = builder.template(
        "Data set",
        kickoff=[
            builder.field(
                "dropdown", "City", "From a data set.", required=True, dataset=cities, api_name="city"
            ),
            builder.field("string", "Subject", required=True, api_name="subject"),
        ],
        tasks=[builder.task("Do it", by_starter=True), builder.task("Look at it", by=[ADA])],
        run_allowed=[ADA, BO],
    )
    template["wf_name_template"] = "{{subject}} in {{city}}"
    template["tasks"][1]["responsible_groups"] = [reviewers]


def _defaults(builder: Builder) -> None:
    builder.template(
        "Hidden and preset",
        kickoff=[
            builder.field("string", "Subject", default="Standard", api_name="preset-string"),
            builder.field("text", "Details", default="Line one\nLine two", api_name="preset-text"),
            builder.field(
                "radio", "Priority", options=("Low", "High"), default="Low", api_name="preset-radio"
            ),
            builder.field(
                "checkbox",
                "Areas",
                options=("Sales", "Support"),
                default="Support",
                api_name="preset-checkbox",
            ),
            builder.field("date", "Needed by", default="1767225600", api_name="preset-date"),
            builder.field("url", "Link", default="https://example.com/form", api_name="preset-url"),
            builder.field(
                "dropdown", "Site", options=("Lisbon", "Prague"), default="Prague", api_name="preset-dropdown"
            ),
            builder.field("number", "Amount", default="1", api_name="preset-number"),
            builder.field("string", "Origin", hidden=True, default="dashboard", api_name="hidden-string"),
            builder.field("text", "For machines", hidden=True, api_name="hidden-text"),
        ],
        tasks=[builder.task("Do", by_starter=True)],
        run_allowed=[ADA, BO],
    )


def _not_listed(builder: Builder, dana: int) -> None:
    template = builder.template(
        "Not on Ada's list",
        kickoff=[builder.field("string", "Subject", required=True, api_name="subject")],
        tasks=[builder.task("Do", by=[dana])],
        run_allowed=[dana],
        updated_by=dana,
    )
    template["owners"] = [{"type": "user", "id": dana, "role": "owner"}]


def _shared(builder: Builder, reviewers: int) -> None:
    template = builder.template(
        "Shared with a group",
        kickoff=[builder.field("user", "Who", required=True, api_name="who")],
        tasks=[builder.task("Do", by_fields=[{"api_name": "who", "name": "Who"}])],
        run_allowed=[ADA],
    )
    template["owners"] = [
        {"type": "user", "id": ADA, "role": "owner"},
        {"type": "group", "id": reviewers, "role": "viewer"},
    ]


def _draft(builder: Builder) -> None:
    template = builder.template(
        "Never published",
        kickoff=[builder.field("string", "Draft field", required=True, api_name="draft-field")],
        tasks=[builder.task("Draft step", by=[ADA])],
        active=False,
    )
    template["is_draft"] = True
