"""The code of an alert's page: the same wherever it is made, and where a tap on a message leads."""

from __future__ import annotations

import re
from uuid import UUID, uuid4

from push.message.content import Content
from push.message.links import Links
from runtime.page_codes import PATTERN, code_of


def test_a_code_is_made_of_the_alerts_id_alone() -> None:
    """Whoever makes a message knows the page without asking, today and after a restart.

    Of these ids the codes are these for ever: they stand on posters. The record makes the same ones by itself.
    """
    assert code_of(UUID("7c1f3a52-9a57-4d43-a6f2-0f5e4f9f2a11")) == "ztkwhpdy46"
    assert code_of(UUID(int=0)) == "mzt264zthe"
    assert all(re.fullmatch(PATTERN, code_of(uuid4())) for _ in range(1000))


def test_a_tap_leads_to_the_page_by_its_code() -> None:
    """`{code}` stands for the page's code in what is configured."""
    alert = uuid4()
    content = Links(web_link="https://alert.example/p/{code}#p").put_in(Content(texts={}), alert)
    assert content.web_link == f"https://alert.example/p/{code_of(alert)}#p"
