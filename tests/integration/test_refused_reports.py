"""One report that PostgreSQL refuses holds up no other one, and is kept until it is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from public.sightings.collecting.aside import Why
from runtime.clock import now
from tests.integration.test_claims import add_alert, add_authority
from tests.support.public.inbox import OLD, TakingServer, folder_objects, send

if TYPE_CHECKING:
    from pathlib import Path

    from sql.database import RecordPool

REFUSE = """create function refuse() returns trigger language plpgsql as $$ begin
    if new.id = '{id}' then raise exception 'x' using errcode = '{code}'; end if; return new; end $$"""
REFUSING = "create trigger refusing before insert on sighting for each row execute function refuse()"
OTHERS = 20


@pytest.mark.parametrize("code", ["XX000", "XX001", "XX002", "22003", "23514", "23505", "P0001", "54000"])
async def test_a_refused_report_is_put_aside_and_all_others_are_taken(
    pool: RecordPool, tmp_path: Path, code: str
) -> None:
    """In one look, also those behind it and those of the same alert; it is taken in once nothing refuses it."""
    await add_authority(pool)
    bad = await add_alert(pool, "bad", due_in_min=30, rings=(1,))
    good = await add_alert(pool, "good", due_in_min=30, rings=(1,))
    objects = folder_objects(tmp_path)
    server = TakingServer(pool, objects, OLD)
    refused = await send(objects, OLD, bad)
    others = [await send(objects, OLD, alert, what=f"boy {n}") for n in range(OTHERS) for alert in (bad, good)]
    await pool.execute(REFUSE.format(id=refused.id, code=code))
    await pool.execute(REFUSING)
    assert await server.take() == len(others)
    assert await server.taken() == {one.id for one in others}
    assert server.aside.counts[Why.UNREADABLE] == 1
    await pool.execute("drop trigger refusing on sighting")
    assert await server.aside.look(now()) == {str(refused.id)}
    await server.aside.try_again()
    assert await server.take() == 1
    assert await server.taken() == {one.id for one in (refused, *others)}
    await server.close()
