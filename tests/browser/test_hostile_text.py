"""Hostile text in every field of a case: shown as text on every screen, and the layout stays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from msgspec import inspect

from handlers.http.roles import Role
from handlers.police.case.case import Case
from tests.browser.screens import WIDER, Scene, screens
from tests.support.hostile.cases import HOSTILE, hostile_case, leave_out
from tests.support.public.seen import seen

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.browser.desk import Desk

FILED_MAX: Final = 10
SEEN: Final = {"script": "<img src=x", "bidi": "cod.exe", "marks": "\u00e9"}
"""What is left of each to be read in the review."""

NO_TEXT: Final = {"phone", "photo_data", "photo_url", "url", "city", "case_number", "policy"}
"""Fields of a case that are text in JSON, but take a number, an address or a code alone."""

HURT: Final = """() => [...document.querySelectorAll("img[src='x'], [onerror], main script")]
  .map((one) => one.outerHTML.slice(0, 100))
  .concat(window.hacked ? ["a script ran"] : [])
  .concat(document.body.innerText.includes("</script>49") ? ["a template ran"] : [])"""

COVERED: Final = """() => [...document.querySelectorAll("main button, main a.button, header a, header button")]
  .filter((one) => one.checkVisibility({ visibilityProperty: true }) && !one.disabled)
  .filter((one) => {
    one.scrollIntoView({ block: "center" });
    const box = one.getBoundingClientRect();
    const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
    return top === null || !(one.contains(top) || top.contains(one));
  }).map((one) => one.outerHTML.slice(0, 100))"""
"""What can be pressed, but has something else lying on it."""


def _texts_of(kind: inspect.Type) -> set[str]:
    """Return the names of all fields of a struct, and of what is in it, that are text in JSON."""
    match kind:
        case inspect.StructType(fields=fields):
            named = {one.encode_name for one in fields if _is_text(one.type)}
            return named.union(*(_texts_of(one.type) for one in fields))
        case inspect.UnionType(types=types):
            return set().union(*(_texts_of(one) for one in types))
        case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
            return _texts_of(item)
        case inspect.DictType(value_type=item):
            return _texts_of(item)
        case inspect.Metadata(type=inner):
            return _texts_of(inner)
    return set()


def _is_text(kind: inspect.Type) -> bool:
    match kind:
        case inspect.UnionType(types=types):
            return any(_is_text(one) for one in types)
        case inspect.Metadata(type=inner):
            return _is_text(inner)
        case inspect.VarTupleType(item_type=item) | inspect.ListType(item_type=item):
            return _is_text(item)
    return isinstance(kind, inspect.StrType)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_every_field_of_a_case_that_takes_a_text_gets_the_hostile_one(text: str) -> None:
    """A field that is new is driven, or named here with what it takes instead."""
    driven: set[str] = set()
    for person in ("child", "children", "subject"):
        _, texts, _ = hostile_case(text, "SZ-1", person)
        driven |= {path.rpartition(".")[2].partition("[")[0] for path in texts}
    assert _texts_of(inspect.type_info(Case)) - driven == NO_TEXT


@pytest.mark.parametrize("kind", HOSTILE)
async def test_hostile_text_is_shown_as_text_and_the_layout_stays(desk: Desk, kind: str) -> None:
    """Scripts, turned text and 10,000 marks: nothing of it runs, lies on what can be pressed, or widens a page."""
    text = HOSTILE[kind]
    await desk.deployment.run("authority", "add", "other", "--name", text[:60])
    alerts: list[str] = []
    await desk.deployment.run("authority", "review", "sz", "--policy", "approve")
    for number, person in enumerate(("child", "children", "subject")):
        alerts.append(await _filed(desk, hostile_case(text, f"SZ-2026-00010{number}", person).case))
    [sighting] = await seen(desk.deployment, alerts[1], {"what": text, "place": text, "contact": text})
    page = await desk.signed_in(Role.ADMIN, "Anna")
    page.on("dialog", lambda dialog: desk.complaints.append(f"a dialog: {dialog.message}"))
    wrong: list[str] = []
    for path in await screens(page, desk, Scene(alerts[0], alerts[1], alerts[2], sighting)):
        await page.goto(f"{desk.server.url}{path}")
        for width in (1280, 320):
            await page.set_viewport_size({"width": width, "height": 800})
            wrong += [f"{path} at {width}: {one}" for one in await _faults(page)]
    assert not wrong, "\n".join(wrong)
    await page.goto(f"{desk.server.url}/console/alerts/{alerts[0]}/review")
    assert SEEN[kind] in await page.locator(".review").inner_text()


async def _filed(desk: Desk, case: dict[str, Any]) -> str:
    """File a case, without the texts that no lane can show; return the id of its alert."""
    for _ in range(FILED_MAX):
        status, answer = await desk.deployment.file(desk.server, **case)
        if status == 202:
            return str(answer["alert"]["id"])
        for fault in answer["errors"]:
            leave_out(case, fault["path"])
    raise AssertionError(answer)


async def _faults(page: Page) -> list[str]:
    return [*await page.evaluate(HURT), *await page.evaluate(WIDER), *await page.evaluate(COVERED)]


async def test_what_is_typed_is_shown_as_text_when_it_comes_back(desk: Desk) -> None:
    """A reason and texts that are refused come back as they were typed, each in its field."""
    _, answer = await desk.deployment.file(desk.server)
    page = await desk.signed_in(Role.ADMIN, "Anna", javascript=False)
    for text in HOSTILE.values():
        await page.goto(f"{desk.server.url}/console/alerts/{answer['alert']['id']}/update")
        await page.fill("#reason", text[:400])
        await page.fill("#body-en", text[:900])
        await page.fill("#case_number", text[:60])
        await page.click("form[data-action=update] button.primary")
        await page.wait_for_selector("main [role=alert]")
        assert await page.input_value("#reason") == text[:400]
        assert await page.input_value("#body-en") == text[:900]
        assert await page.evaluate(WIDER) == []
