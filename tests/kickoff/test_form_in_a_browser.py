"""Groups, limits and numbers in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from apps.accounts.models import User
from apps.launches.models import Launch
from apps.pneumatic.canonical.schemas import Fieldset, FieldsetRule, Kickoff, RuleGroup, RuleKind
from tests.factories import make_field, make_template
from tests.fixtures.browser import Browse, assert_accessible, assert_no_sideways_scroll

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIMITED = make_field("line", name="Client", max_length=10)


def test_characters_are_counted_while_the_user_types_and_none_is_cut(browse: Browse, operator: User) -> None:
    template = make_template(fields=[LIMITED])
    page = browse(f"/templates/{template.pk}/launch/", user=operator)
    box, counter = page.get_by_label("Client"), page.locator("#id_kickoff_1_limit")

    expect(counter).to_have_text("At most 10 characters.")
    box.fill(" Æsop 😀 ")
    expect(counter).to_have_text("6 of at most 10 characters")
    box.fill("twelve chars")
    expect(counter).to_have_text("12 of at most 10 characters: 2 too many")
    expect(page.locator("#id_kickoff_1_limit + [role=status]")).to_have_text(
        "12 of at most 10 characters: 2 too many"
    )
    expect(box).to_have_value("twelve chars")


def test_the_limit_is_shown_without_a_script(browse: Browse, operator: User) -> None:
    template = make_template(fields=[LIMITED])
    page = browse(f"/templates/{template.pk}/launch/", user=operator, javascript=False)

    expect(page.locator("#id_kickoff_1_limit")).to_have_text("At most 10 characters.")


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (375, True)])
def test_a_form_with_everything_of_the_current_server_is_accessible(
    browse: Browse, operator: User, width: int, dark: bool
) -> None:
    browse.allow("Failed to load resource")
    rules = (
        RuleGroup(((FieldsetRule(RuleKind.SUM_MORE, "100", ("deposit",)),),)),
        RuleGroup(((FieldsetRule(RuleKind.OTHER, "x"),),)),
    )
    kickoff = Kickoff(
        fields=(
            LIMITED,
            make_field("city", "dropdown", selections=(), options_unknown=True),
            make_field("secret", is_hidden=True, default="7"),
            make_field("deposit", "number", fieldset="money"),
            make_field("one", "radio", fieldset="money", default="Red"),
            make_field("rest", "number", fieldset="plain"),
        ),
        fieldsets=(
            Fieldset("money", "Money", description="All of **it**", rules=rules),
            Fieldset("plain", "", description="The rest"),
        ),
    )
    template = make_template(kickoff=kickoff)
    page = browse(f"/templates/{template.pk}/launch/", user=operator, width=width, dark=dark)
    page.get_by_label("Client").fill("x" * 60)
    page.get_by_label("Deposit").fill("5")
    assert_accessible(page)
    page.get_by_role("button", name="Launch").click()

    expect(page.locator(".error-summary")).to_be_visible()
    assert_accessible(page)
    assert_no_sideways_scroll(page)
    page.goto(f"/templates/{template.pk}/")
    assert_accessible(page)
    assert_no_sideways_scroll(page)


@pytest.mark.parametrize("javascript", [True, False])
def test_a_broken_rule_leads_to_the_first_of_its_numbers(
    browse: Browse, operator: User, javascript: bool
) -> None:
    browse.allow("Failed to load resource")
    rule = FieldsetRule(RuleKind.SUM_EQUAL, "100", ("deposit", "rest"))
    kickoff = Kickoff(
        fields=(
            make_field("deposit", "number", fieldset="money"),
            make_field("rest", "number", fieldset="money"),
        ),
        fieldsets=(Fieldset("money", "Money", rules=(RuleGroup(((rule,),)),)),),
    )
    template = make_template(kickoff=kickoff)
    page = browse(f"/templates/{template.pk}/launch/", user=operator, javascript=javascript)
    group = page.get_by_role("group", name="Money")
    expect(group.get_by_label("Deposit")).to_have_attribute("inputmode", "decimal")
    group.get_by_label("Deposit").fill("40")
    group.get_by_label("Rest").fill("50,5")
    page.get_by_role("button", name="Launch").click()

    page.get_by_role("link", name="Now it is 90.5.").click()
    expect(page.get_by_role("group", name="Money").get_by_label("Deposit")).to_be_focused()
    expect(page.get_by_label("Rest")).to_have_value("50,5")
    assert not Launch.objects.exists()
