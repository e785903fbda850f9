"""Parts of an alert's page: read once for all who ask at the same time and may read the same."""

from __future__ import annotations

import asyncio
import gzip
from datetime import UTC
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from aiohttp.test_utils import make_mocked_request

from handlers.console.showing.pages import Pages
from handlers.console.showing.shared_parts import SharedParts
from handlers.http.bearer import BEARER, Bearer
from handlers.http.roles import Role
from handlers.http.route import Call

ALERT = UUID(int=1)
TEMPLATE = "parts/unread.html"
"""It shows one number."""

NUMBERS = {Role.VIEWER: 100, Role.OPERATOR: 200}
"""What each role is shown, and how many readings there were."""


class _Readers:
    """Asks for a part whose number tells which reading it was, and of which role."""

    def __init__(self) -> None:
        self._parts = SharedParts(Pages(UTC))
        self.read_by: list[Role] = []

    async def ask(self, role: Role, locale: str = "en") -> str:
        request = make_mocked_request("GET", "/", headers={"Accept-Language": locale, "Accept-Encoding": "gzip"})
        request[BEARER] = Bearer(token_id=1, role=role, name="Anna", digest=b"", authority=None, person=1)

        async def read() -> dict[str, Any]:
            self.read_by.append(role)
            await asyncio.sleep(0.01)
            return {"unread": NUMBERS[role] + len(self.read_by), "alert": SimpleNamespace(id=ALERT), "own": role}

        call = Call(request, None, ALERT)
        answer = await self._parts.of_alert(call, TEMPLATE, read, lambda values: f"queue.{values['own']}")
        assert isinstance(answer.body, bytes)
        return gzip.decompress(answer.body).decode()


@pytest.mark.filterwarnings("ignore::aiohttp.web_exceptions.NotAppKeyWarning")
async def test_readers_of_two_languages_share_what_is_read_and_those_of_two_roles_do_not() -> None:
    """A viewer is not shown the numbers that an operator asked for at the same moment, nor the other way round."""
    readers = _Readers()
    first = asyncio.create_task(readers.ask(Role.VIEWER))
    await asyncio.sleep(0)
    asked = [(role, locale) for role in (Role.OPERATOR, Role.VIEWER) for locale in ("en", "zh-CN", "en")]
    texts = await asyncio.gather(*(readers.ask(*one) for one in asked))
    for (role, locale), text in zip(asked, texts, strict=True):
        assert f'data-unread="{NUMBERS[role] // 100}' in text, "each reads the numbers of their own role"
        assert ("nobody has decided" in text) == (locale == "en"), text
    assert texts[0] == texts[2]
    assert sorted(readers.read_by) == [Role.OPERATOR, Role.VIEWER, Role.VIEWER], "once for all who asked meanwhile"
    await first
