"""Our copy of the provider's header table is always correct: h2 decodes every head."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from h2.settings import SettingCodes
from hyperframe.frame import SettingsFrame

from push.transport.http2 import Head
from tests.support.http2.peer import HEAD, Peer, Provider, calls, judge, reasons, run
from tests.support.providers.clearances import CLEAR

if TYPE_CHECKING:
    from push.transport.http2_lane import Http2Lane

TABLE = SettingCodes.HEADER_TABLE_SIZE
WINDOW_BYTES = 65_535


def _head(name: str) -> Head:
    """Return a head with a token as long as Google's."""
    return Head((("authorization", f"Bearer {name * 1500}"), ("x-name", name)), f"/v1/projects/{name}/messages:send")


def _names(provider: Provider) -> list[object]:
    """Return the name in each request's head, after checking that the whole head belongs to it."""
    heads = [head for peer in provider.peers for head in peer.heads]
    for head in heads:
        name = str(head["x-name"])
        assert head["authorization"] == f"Bearer {name * 1500}"
        assert head[":path"] == f"/v1/projects/{name}/messages:send"
    return [head["x-name"] for head in heads]


def _ok(peer: Peer, stream: int, body: bytes) -> None:
    missing = WINDOW_BYTES - peer.h2.inbound_flow_control_window
    if missing:
        peer.h2.increment_flow_control_window(missing)
    peer.answer(stream)


@pytest.mark.parametrize("table_bytes", [0, 64, 2000, 4096, 1 << 20])
def test_heads_of_many_projects_arrive_unchanged(table_bytes: int) -> None:
    """Five projects, whose tokens do not fit into the table together, take turns with few streams."""
    provider = Provider(_ok, {int(TABLE): table_bytes})

    async def main(client: Http2Lane) -> None:
        for _ in range(5):
            sends = [reasons(client, 7, head=_head(name)) for name in "abcde"]
            assert await asyncio.gather(*sends) == [["200 "] * 7] * 5

    run(provider, main, streams_per_connection=3, connections_max=1)
    assert sorted(map(str, _names(provider))) == sorted("abcde" * 35)
    assert len(provider.peers) == 1


def test_a_new_head_is_not_encoded_before_it_can_be_sent() -> None:
    """The window is exhausted when a second project's group comes: its head arrives whole once it opens."""
    held: list[tuple[Peer, int]] = []

    def asked(peer: Peer, stream: int, body: bytes) -> None:
        held.append((peer, stream))
        if len(held) > 6:
            _ok(peer, stream, body)

    async def main(client: Http2Lane) -> list[list[str | None]]:
        sends = [reasons(client, 6, 10_000, _head("a")), reasons(client, 6, 10_000, _head("b"))]
        tasks = [asyncio.create_task(one) for one in sends]
        await asyncio.sleep(1)
        assert len(held) == 6
        for peer, stream in [*held]:
            _ok(peer, stream, b"")
        return await asyncio.gather(*tasks)

    provider = Provider(asked)
    assert run(provider, main) == [["200 "] * 6] * 2
    assert _names(provider) == [*"aaaaaabbbbbb"]
    assert len(provider.peers) == 1


@pytest.mark.parametrize(
    "sizes",
    [
        (0, 4096),
        (0, 0),
        (100, 100),
        (4096, 0),
        (4096, 100, 0, 2000),
        (0, 1 << 20),
        (2000, 4096, 64),
        (1 << 20, 0, 4096, 0),
    ],
    ids=str,
)
@pytest.mark.parametrize("first", [0, 100, 4096])
def test_a_table_that_changes_between_two_heads_is_resized_as_the_provider_expects(
    first: int, sizes: tuple[int, ...]
) -> None:
    """After any number of changes the smallest and the last size are sent, and no head is misread."""
    provider = Provider(_ok, {int(TABLE): first})

    async def main(client: Http2Lane) -> list[str | None]:
        found = await reasons(client, 2, head=_head("a"))
        (peer,) = provider.peers
        for size in sizes:
            peer.h2.update_settings({TABLE: size})
        peer.flush()
        await asyncio.sleep(1)
        return [*found, *await reasons(client, 2, head=_head("a")), *await reasons(client, 2, head=_head("b"))]

    assert run(provider, main) == ["200 "] * 6
    assert _names(provider) == [*"aaaabb"]


def test_the_same_size_twice_in_one_frame_is_confirmed_to_the_provider() -> None:
    """h2's own settings cannot express that, so its decoder is set as well."""
    provider = Provider(_ok)

    async def main(client: Http2Lane) -> list[str | None]:
        found = await reasons(client, 2, head=_head("a"))
        (peer,) = provider.peers
        peer.h2.update_settings({TABLE: 64})
        twice = SettingsFrame(0, settings={int(TABLE): 64}).serialize()
        peer.flush()
        peer.pipe.send(twice)
        await asyncio.sleep(1)
        return [*found, *await reasons(client, 2, head=_head("a"))]

    assert run(provider, main) == ["200 "] * 4
    assert _names(provider) == [*"aaaa"]


def test_a_token_that_is_renewed_again_and_again_arrives_each_time() -> None:
    """A hundred tokens in turn, each used at once by several calls; old ones are not kept."""
    provider = Provider(_ok)

    async def main(client: Http2Lane) -> None:
        for turn in range(100):
            head = Head((("authorization", f"Bearer {turn:0400}"), ("x-name", "a")), "/send")
            results = await client.send_all(head, calls(3), judge, CLEAR)
            assert {result and result.reason for result in results} == {"200 "}
        (connection,) = client.client._connections  # noqa: SLF001 - what is kept is not to be seen from outside
        assert len(connection._blocks._blocks) <= 1  # noqa: SLF001

    run(provider, main, connections_max=1)
    tokens = [head["authorization"] for peer in provider.peers for head in peer.heads]
    assert tokens == [f"Bearer {turn:0400}" for turn in range(100) for _ in range(3)]


def test_each_call_has_its_own_path_of_any_length() -> None:
    """Paths after a shared head arrive unchanged, around every length at which their encoding changes."""
    lengths = [1, 126, 127, 128, 254, 255, 256, 1000]
    provider = Provider(_ok)

    async def main(client: Http2Lane) -> None:
        paths = [(b"/" + b"x" * (length - 1), b"{}") for length in lengths]
        assert all(await client.send_all(Head(HEAD.headers), paths * 2, judge, CLEAR))

    run(provider, main)
    paths = [len(str(head[":path"])) for peer in provider.peers for head in peer.heads]
    assert paths == lengths * 2
