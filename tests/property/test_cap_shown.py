"""On every lane, in each language: what a CAP message says is cut, and plate, guidance and number never are."""

from __future__ import annotations

from xml.sax.saxutils import escape

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.police.cap.filing import filing_of
from handlers.police.cap.reception import receive_case
from handlers.values.text import clean_line
from push.discovery import providers
from push.message.bidi import FSI, PDI
from push.message.content import MARKS, About
from push.message.parts import Importance, says
from push.message.rendering import Rendering
from tests.property.fuzz.promises import ALERT, PLAN, lanes_of_every_provider
from tests.support.cap.documents import NOW, good
from tests.support.examples.shown import UNTIL
from tests.support.stores import boundaries

WORDS = st.text(alphabet="蓝红白校服包 abcXYZ019，,.-é👨‍👩‍👧ئۈرۈمچى", min_size=1, max_size=400).filter(clean_line)
AGE = "<parameter><valueName>qq-alert:childAge</valueName><value>6</value></parameter>"
REST = "QQQQQ"


def _pairs(pairs: dict[str, str]) -> str:
    return "".join(
        f"<parameter><valueName>{name}</valueName><value>{escape(value)}</value></parameter>"
        for name, value in pairs.items()
    )


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    description=WORDS,
    short=st.dictionaries(
        st.sampled_from(["CMAMtext", "CMAMlongtext", "WirelessText"]),
        WORDS.map(lambda text: text[:90]).filter(clean_line),
    ),
    plate=st.sampled_from(["粤B12345", "ABC-123-D", "京A·D00001", "12345 أ ب"]),
    guidance=st.sampled_from(["do_not_approach", "call_only", "切勿靠近", "No se acerque", "لا تقترب"]),
    contact=st.sampled_from(["110", "福田分局值班室：0755-84450000", "ساقچى: +86 991 2810000"]),
    status=st.sampled_from(["Actual", "Exercise", "Test"]),
)
def test_plate_guidance_and_number_of_a_cap_message_stand_on_every_lane(
    description: str, short: dict[str, str], plate: str, guidance: str, contact: str, status: str
) -> None:
    """Whole; an exercise says so; what the parameters add stands only beside the whole words of the author."""
    pairs = {**short, "qq-alert:vehiclePlate": plate, "qq-alert:guidance": guidance, "qq-alert:childHair": REST}
    document = good(
        (AGE, AGE + _pairs(pairs)),
        ("红色外套", escape(description)),
        ("0755-110", contact),
        ("<status>Actual", f"<status>{status}"),
    )
    received = receive_case(document, (), NOW)
    assert not isinstance(received, list), received
    filing = filing_of(received.case, "sz", PLAN, boundaries.cities(), None, time_zone="UTC", unverified=None)
    assert not isinstance(filing, list), filing
    about = About(alert_id=ALERT, notice="alert", status=filing.status, expires=UNTIL)
    for locale in ("zh-CN", "en"):
        message = filing.message_content.message(about, locale)
        prose = next(part for part in message.text.parts if part.importance is Importance.AUTHORED)
        essential = [part.least for part in message.text.parts if part.is_essential and part.least]
        assert len(essential) == 2
        for name, lane in lanes_of_every_provider().items():
            shown = providers()[name].previewed(lane, message)
            assert isinstance(shown, Rendering), (name, shown)
            body = shown.body.replace(FSI, "").replace(PDI, "")
            for value in (*essential, message.text.phone):
                assert says(body, value.replace(FSI, "").replace(PDI, "")), (name, body, value)
            assert MARKS.get(filing.status, "") in body
            if REST in body:
                assert prose.text.strip() in shown.body, (name, body)
