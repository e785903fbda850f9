"""Answers that many ask for are made once at a time; none is older than it may be."""

from __future__ import annotations

import asyncio

import pytest

from handlers.http.reuse.kept import Form, Kept, form_of
from handlers.http.reuse.shared import Shared
from tests.support.processes.clock import run

READERS = 40


class _Source:
    """Makes numbered answers, each of which takes a second."""

    def __init__(self) -> None:
        self.made = self.at_once = self.most = 0

    async def make(self) -> Form:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        self.made += 1
        number = self.made
        await asyncio.sleep(1)
        self.at_once -= 1
        return form_of(b"%d" % number, "text/plain")


def test_a_kept_answer_is_made_once_for_all_and_again_when_its_time_is_over() -> None:
    """Forty who ask at once, and forty a moment later, get the first one; later ones another."""
    source = _Source()

    async def main() -> list[set[bytes]]:
        kept, found = Kept(source.make, 0.5), []
        for wait_s in (0.0, 0.4, 0.2):
            await asyncio.sleep(wait_s)
            forms = await asyncio.gather(*(kept.get() for _ in range(READERS)))
            found.append({form.body for form in forms if form is not None})
        return found

    assert run(main()) == [{b"1"}, {b"1"}, {b"2"}]
    assert source.most == 1


def test_a_shared_answer_is_begun_after_it_was_asked_for() -> None:
    """Who asks while one is read shares the next one; two are read for any number, never at the same time."""
    source = _Source()

    async def main() -> list[bytes]:
        shared: Shared[str, Form] = Shared()
        first = asyncio.create_task(shared.get("a", source.make))
        await asyncio.sleep(0.5)
        later = await asyncio.gather(*(shared.get("a", source.make) for _ in range(READERS)))
        assert not shared._turns  # noqa: SLF001 - what is kept is not to be seen from outside
        return [(await first).body, *{form.body for form in later}]

    assert run(main()) == [b"1", b"2"]
    assert source.most == 1


def test_a_failure_is_that_of_all_who_waited_and_of_nobody_else() -> None:
    """It is not kept: who asks next gets an answer. One who leaves ends it for nobody."""
    failing = iter([True, True, False, False])

    async def make() -> Form:
        await asyncio.sleep(1)
        if next(failing):
            raise OSError
        return form_of(b"well", "text/plain")

    async def main() -> None:
        kept = Kept(make, 1.0)
        shared: Shared[str, Form] = Shared()
        for get in (kept.get, lambda: shared.get("a", make)):
            found = await asyncio.gather(*(get() for _ in range(3)), return_exceptions=True)
            assert [type(one) for one in found] == [OSError] * 3
        for get in (kept.get, lambda: shared.get("a", make)):
            leaving, staying = asyncio.create_task(get()), asyncio.create_task(get())
            await asyncio.sleep(0.5)
            leaving.cancel()
            with pytest.raises(asyncio.CancelledError):
                await leaving
            form = await staying
            assert form is not None
            assert form.body == b"well"

    run(main())


def test_an_answer_kept_since_it_was_begun_is_never_older_than_that() -> None:
    """It takes longer than it is kept: who asks meanwhile gets another one, and the older one does not come last."""
    source = _Source()

    async def main() -> list[bytes]:
        kept = Kept(source.make, 0.5, since_begun=True)
        asked = []
        for _ in range(4):
            asked.append(asyncio.create_task(kept.get()))
            await asyncio.sleep(0.3)
        forms = await asyncio.gather(*asked)
        return [form.body for form in forms if form is not None]

    assert run(main()) == [b"1", b"1", b"2", b"2"]
