"""Which hosts can be that of a server, and what is left of one without its port."""

from __future__ import annotations

import pytest

from handlers.http.serving.heads import name_of


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("x", "x"),
        ("Alerts.Example:8443", "alerts.example"),
        ("alerts.example.", "alerts.example."),
        ("serve_public:65535", "serve_public"),
        ("127.0.0.1:80", "127.0.0.1"),
        ("[::1]:80", "::1"),
        ("[2001:DB8::1]", "2001:db8::1"),
        ("xn--a", "xn--a"),
        ("x:", "x"),
    ],
)
def test_a_host_is_known_without_its_port(host: str, name: str) -> None:
    """In small letters, an address without its brackets, and a name as it is written: nothing is decoded."""
    assert name_of(host) == name


@pytest.mark.parametrize(
    "host",
    [
        "",
        "[",
        "[]",
        "::1",
        "[::1",
        "x:65536",
        "x:999999",
        "x:-1",
        "x:\u0661",
        "a\tb",
        "a..b",
        ".x",
        "a@b",
        "x/y",
        "\udcff",
        "m\u00fcnchen.de",
        "x:80:80",
        "x\n",
        "%41",
    ],
    ids=ascii,
)
def test_anything_else_is_no_host(host: str) -> None:
    """Also what a library would decode, or what needs more than 16 bits for its port."""
    assert not name_of(host)
