"""What is signed never waits for what is not, and what strangers draw costs the server little."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg

from handlers.cap.writing import document_of
from handlers.police.cap.slots import WAITING_MAX
from tests.support.cap.messages import FLOOD, info, message, pin, post, signer
from tests.support.cap.shapes import combed
from tests.support.processes.processes import until

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

FILING = "select hashtextextended('sz/', 0)"
"""Under this lock the drafts of the authority are filed, one after the other."""

WAITS = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
GROWTH_MB = 100
"""The union of one of these documents takes 200 MB."""


async def _post_forged(server: Process, number: int) -> tuple[int, Any]:
    forged = signer().signed(message(f"T-{number}")).replace("寻找小明".encode(), "寻找小红".encode())
    return await post(server, forged)


def _peak_mb(server: Process) -> int:
    lines = Path(f"/proc/{server.pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM"))


async def test_a_signed_document_passes_every_unsigned_one(deployment: Deployment) -> None:
    """While the first of a crowd of unsigned and forged ones is held up, and so many wait that no more are taken."""
    await pin(deployment)
    server = await deployment.server(**FLOOD)
    holder = await asyncpg.connect(deployment.database_url)
    await holder.execute(f"select pg_advisory_lock(({FILING}))")
    first = asyncio.create_task(post(server, document_of(message("U-1"))))

    async def is_held() -> bool:
        return bool((await deployment.query(WAITS))[0][0])

    await until(is_held)
    crowd = [asyncio.create_task(post(server, document_of(message(f"F-{one}")))) for one in range(2 * WAITING_MAX)]
    crowd += [asyncio.create_task(_post_forged(server, one)) for one in range(20)]
    refused, _ = await asyncio.wait(crowd, return_when=asyncio.FIRST_COMPLETED)
    assert {task.result()[0] for task in refused} == {503}, "so many wait that no more are taken"
    status, answer = await post(server, signer().signed(message("S-1")))
    assert (status, answer["alert"]["review"]["verified"]) == (202, True)
    update = message("S-2", references=(), infos=(info("zh-CN", "寻找小明"),))
    assert (await post(server, signer().signed(update)))[0] == 202
    assert not all(task.done() for task in crowd), "it came after them, and is answered before"
    await holder.close()
    statuses = [status for status, _ in await asyncio.gather(first, *crowd)]
    assert set(statuses) <= {202, 503}
    assert 202 in statuses


async def test_combs_cost_no_memory_and_hold_up_nothing(deployment: Deployment) -> None:
    """Twelve documents whose polygons cross 90,000 times are refused, each with the reason."""
    await pin(deployment)
    server = await deployment.server(**FLOOD)
    assert (await post(server, signer().signed(message("S-1"))))[0] == 202
    before_mb = _peak_mb(server)
    infos = (info("zh-CN", "寻找小明", combed(150)),)
    crowd = [post(server, document_of(message(f"C-{number}", infos=infos))) for number in range(12)]
    answers = await asyncio.gather(*crowd, post(server, signer().signed(message("S-2"))))
    assert [status for status, _ in answers] == [422] * 12 + [202]
    assert {answer["errors"][0]["path"] for _, answer in answers[:12]} == {"/alert/info[1]/area[1]/polygon"}
    assert _peak_mb(server) - before_mb < GROWTH_MB
