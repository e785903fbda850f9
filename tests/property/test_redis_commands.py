"""Commands written in C are the bytes that redis-py writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio.connection import Connection
from redis.exceptions import DataError

from geo.packing import WRITING_IN_C

NAMES = st.sampled_from(["GET", "SCRIPT LOAD", "GEOSEARCH", b"EVALSHA", b"CONFIG GET"])
ARGUMENTS = st.one_of(st.text(), st.binary(max_size=20_000), st.integers(), st.floats(allow_nan=False))
COMMANDS = st.lists(st.tuples(NAMES, st.lists(ARGUMENTS, max_size=8)).map(lambda one: (one[0], *one[1])), max_size=5)


@given(COMMANDS)
def test_commands_are_written_as_redis_py_writes_them(commands: list[tuple[str | bytes | int | float, ...]]) -> None:
    """One by one, and as a pipeline; names of two words are two arguments."""
    plain, ours = Connection(), WRITING_IN_C[Connection]()
    assert b"".join(ours.pack_commands(commands)) == b"".join(plain.pack_commands(commands))
    for command in commands:
        assert b"".join(ours.pack_command(*command)) == b"".join(plain.pack_command(*command))


@pytest.mark.parametrize("argument", [None, True, object()])
def test_what_is_neither_text_nor_a_number_is_refused(argument: object) -> None:
    """As by redis-py: the caller learns of the mistake, and the connection goes on."""
    with pytest.raises(DataError):
        WRITING_IN_C[Connection]().pack_command("SET", "key", argument)  # type: ignore[arg-type] # what is tested
