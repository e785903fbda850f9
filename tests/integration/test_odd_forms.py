"""A report in a form that no page sends is refused with a page, and never met by a bug."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from public.sightings.intake.inbox import is_upload, new_upload
from tests.support.processes.public_site import public_env
from tests.support.processes.raw_http import answer_to
from tests.support.public.strangers import publish, site_for

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

MULTIPART: Final = b"Content-Type: multipart/form-data; boundary=B\r\n"


def _part(name: str, value: bytes) -> bytes:
    return f'--B\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value + b"\r\n--B--\r\n"


ODD: Final = {
    "a photo of other letters": (MULTIPART, _part("photo_id", "0123456789abcdef\xe9".encode())),
    "a photo that is no text": (MULTIPART, _part("photo_id", b"\xff" * 32)),
    "no type": (b"", b"a=1"),
    "an empty type": (b"Content-Type: \r\n", b"a=1"),
    "another type": (b"Content-Type: application/json\r\n", b"{}"),
    "a type of several parts that is no form": (b"Content-Type: multipart/mixed; boundary=B\r\n", _part("what", b"x")),
    "no boundary": (b"Content-Type: multipart/form-data\r\n", _part("what", b"x")),
}


async def test_a_form_that_no_page_sends_is_refused(deployment: Deployment) -> None:
    """Whatever its type says, and whatever a photo is called."""
    await deployment.provider()
    server = await deployment.server(**public_env(deployment))
    _, answer = await deployment.file(server)
    code = await publish(deployment, answer["alert"]["id"])
    site = await site_for(deployment)
    for name, (headers, body) in ODD.items():
        head = f"POST /s/{code} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n".encode()
        assert (await answer_to(site, head + headers + b"\r\n" + body)).startswith(b"HTTP/1.1 422"), name
    assert "public.bug" not in (deployment.folder / "serve-public.log").read_text(encoding="utf-8")


@pytest.mark.parametrize("upload", ["", "0123456789abcdef\xe9", "0" * 32, "0" * 31, "A" * 32, "../" * 11], ids=ascii)
def test_only_what_was_given_out_is_an_upload(upload: str) -> None:
    """What is not of its form is none, and raises nothing."""
    key, code = b"k" * 32, "2222222222"
    assert not is_upload(key, code, upload)
    assert is_upload(key, code, new_upload(key, code))
