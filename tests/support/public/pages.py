"""Makes the sources of pages out of example cases, as the record would have them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from handlers.police.case.case import kept, read_case
from handlers.police.wording import content_of
from public.pages.rendering import Surroundings
from public.publishing.source import source_of
from sql.publishing import PageWish
from tests.support.processes.processes import ROOT

if TYPE_CHECKING:
    from public.pages.rendering import PageSource

CODE: Final = "23456789ab"
AROUND: Final = Surroundings(url="https://alerts.example", languages=("zh-CN", "en"), map_review_number="GS(2026)1")


def example(name: str) -> bytes:
    """Return an example case as it is filed."""
    return (ROOT / "examples" / "cases" / f"{name}.json").read_bytes()


EXPIRES: Final = datetime(2099, 11, 28, 8, tzinfo=UTC)


def source(
    body: bytes,
    *,
    status: str = "actual",
    is_reworded: bool = False,
    expires: datetime | None = None,
    code: str = CODE,
) -> PageSource:
    """Return what a page is made of, from a case as it is filed."""
    case = read_case(body)
    assert not isinstance(case, list), case
    wish = PageWish(
        wanted=1,
        published=False,
        sample=4,
        status=status,
        subject_kind=case.subject_kind.value,
        expires=expires or EXPIRES,
        live=True,
        begun=True,
        reworded=is_reworded,
        content=msgspec.json.encode(content_of(case)).decode(),
        case_content=kept(case).decode(),
        people=1_000,
    )
    found = source_of(code, wish)
    assert found is not None
    return found
