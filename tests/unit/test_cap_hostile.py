"""Hostile, broken or misdirected CAP documents: each has its documented answer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handlers.cap.document import DEPTH_MAX, ELEMENTS_MAX
from handlers.cap.writing import document_of
from handlers.police.cap.reception import ReceivedCase, receive, receive_case
from handlers.police.case.case import BODY_BYTES
from tests.support.cap.documents import AMBER, AREA, CAP, CHINESE, ENGLISH, GOOD, NOW, good

SENT = "2026-05-25T08:30:00+08:00</sent>"
POLYGON = "22.5,114.1 22.5,114.2 22.6,114.2 22.6,114.1 22.5,114.1"
EXPIRES = "<expires>2026-05-26T08:30:00+08:00</expires>"
AREA_PATH = "/alert/info[1]/area[1]"
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))


def _doctype(inner: str, used: str = "SZ-2026") -> bytes:
    return good(("<alert ", f"<!DOCTYPE alert {inner}><alert "), ("SZ-2026", used))


def _area(inner: str) -> bytes:
    return good((AREA, f"<area><areaDesc>x</areaDesc>{inner}</area>"))


def _polygon(text: str) -> bytes:
    return good((POLYGON, text))


def _nested(depth: int) -> bytes:
    return good(("<source>SZ</source>", "<source>" + "<x>" * depth + "</x>" * depth + "</source>"))


def _geocode(name: str, value: str) -> str:
    return f"<geocode><valueName>{name}</valueName><value>{value}</value></geocode>"


XML = {
    "nothing": (b"", "not well-formed"),
    "text": (b"hello", "not well-formed"),
    "cut off": (GOOD.encode()[:-20], "not well-formed"),
    "two roots": (GOOD.encode() + b"<alert/>", "not well-formed"),
    "an unknown entity": (good(("SZ-2026", "&who;")), "not well-formed"),
    "an unknown prefix": (good(("<source>", "<x:source>"), ("</source>", "</x:source>")), "not well-formed"),
    "external entity": (_doctype('[<!ENTITY x SYSTEM "file:///etc/passwd">]', "&x;"), "DTD"),
    "external entity over the network": (_doctype('[<!ENTITY x SYSTEM "http://127.0.0.1:1/x">]', "&x;"), "DTD"),
    "parameter entity": (_doctype('[<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]'), "DTD"),
    "internal entity": (_doctype('[<!ENTITY x "y">]', "&x;"), "DTD"),
    "billion laughs": (_doctype(f"[{LAUGHS}]", "&l9;"), "DTD"),
    "external DTD": (_doctype('SYSTEM "http://127.0.0.1:1/x.dtd"'), "DTD"),
    "empty DTD": (_doctype(""), "DTD"),
    "DTD in small letters": (good(("<alert ", "<!doctype alert><alert ")), "DTD"),
    "instruction inside": (good(("<source>", "<?php x ?><source>")), "processing instruction"),
    "too large": (good(("SZ-2026", "x" * BODY_BYTES)), f"more than {BODY_BYTES} bytes"),
    "too deep": (_nested(DEPTH_MAX), f"more than {DEPTH_MAX} deep"),
    "much too deep": (_nested(3000), ""),
    "too many elements": (good(("<scope>", "<x/>" * ELEMENTS_MAX + "<scope>")), f"more than {ELEMENTS_MAX} elements"),
    "UTF-16": (GOOD.encode("utf-16"), "not UTF-8"),
    "UTF-16 without a mark": (GOOD.encode("utf-16-le"), "not UTF-8"),
    "UTF-32": (GOOD.encode("utf-32"), "not UTF-8"),
    "GB 18030": (good(("UTF-8", "GB18030")), "encoding that is not read"),
    "bytes of GBK": (GOOD.replace("UTF-8", "GBK").encode("gbk"), "not UTF-8"),
    "UTF-7": (good(("UTF-8", "UTF-7")), "encoding that is not read"),
    "CAP 1.1": (good((CAP, CAP.replace("1.2", "1.1"))), "CAP 1.1: only CAP 1.2"),
    "CAP 1.0": (good((CAP, "http://www.incident.com/cap/1.0")), "CAP 1.0: only CAP 1.2"),
    "another namespace": (good((CAP, "urn:x")), "namespace is not that of CAP 1.2"),
    "no namespace": (good((f' xmlns="{CAP}"', "")), "namespace is not that of CAP 1.2"),
    "another root": (b"<feed xmlns='http://www.w3.org/2005/Atom'/>", "root is not `alert`"),
}

STANDARD = {
    "no identifier": (good(("<identifier>SZ-2026-0525-1</identifier>", "")), "/alert/identifier", "required"),
    "empty identifier": (good(("SZ-2026-0525-1", " ")), "/alert/identifier", "empty"),
    "space in identifier": (good(("SZ-2026", "SZ 2026")), "/alert/identifier", "no spaces"),
    "comma in sender": (good(("alerts@", "a,b@")), "/alert/sender", "commas"),
    "ampersand in sender": (good(("alerts@", "a&amp;b@")), "/alert/sender", "`&`"),
    "bare Z": (good((SENT, "2026-05-25T00:30:00Z</sent>")), "/alert/sent", "-00:00"),
    "no offset": (good((SENT, "2026-05-25T00:30:00</sent>")), "/alert/sent", "not a time"),
    "fractions": (good((SENT, "2026-05-25T08:30:00.5+08:00</sent>")), "/alert/sent", "not a time"),
    "no such day": (good((SENT, "2026-02-30T08:30:00+08:00</sent>")), "/alert/sent", "no such time"),
    "no such offset": (good((SENT, "2026-05-25T08:30:00+15:00</sent>")), "/alert/sent", "no such offset"),
    "a year at the end of the calendar": (
        good((SENT, "9999-12-31T00:00:00-00:00</sent>"), (EXPIRES, ""), count=-1),
        "/alert/sent",
        "not within the years",
    ),
    "a year at its beginning": (
        good((SENT, "0001-01-01T00:00:00+14:00</sent>")),
        "/alert/sent",
        "not within the years",
    ),
    "an end beyond every alert": (
        good((EXPIRES, "<expires>9999-12-31T23:59:59-14:00</expires>")),
        "/alert/info[1]/expires",
        "not within the years",
    ),
    "a comma for a sign": (good((SENT, "2026-05-25T08:30:00,08:00</sent>")), "/alert/sent", "not a time"),
    "other digits": (good((SENT, "２０２６-05-25T08:30:00+08:00</sent>")), "/alert/sent", "not a time"),
    "unknown status": (good((">Actual<", ">actual<")), "/alert/status", "none of Actual"),
    "unknown type": (good((">Alert<", ">Alarm<")), "/alert/msgType", "none of Alert"),
    "unknown urgency": (good((">Immediate<", ">Now<")), "/alert/info[1]/urgency", "none of Immediate"),
    "unknown category": (good((">Rescue<", ">Police<")), "/alert/info[1]/category[1]", "none of Geo"),
    "no urgency": (good(("<urgency>Immediate</urgency>", "")), "/alert/info[1]/urgency", "required"),
    "no category": (good(("<category>Rescue</category>", "")), "/alert/info[1]/category[1]", "required"),
    "wrong order": (
        good(("<scope>Public</scope>", ""), ("<status>", "<scope>Public</scope><status>")),
        "/alert/status",
        "out of order",
    ),
    "two identifiers": (
        good(("<sender>", "<identifier>x</identifier><sender>")),
        "/alert/identifier",
        "more than once",
    ),
    "two headlines": (good(("<headline>", "<headline>x</headline><headline>")), "/alert/info[1]/headline", "once"),
    "unknown element": (good(("<scope>", "<colour>x</colour><scope>")), "/alert", "unknown element `colour`"),
    "element of another namespace": (good(("<scope>", "<x xmlns='urn:x'/><scope>")), "/alert", "unknown element `x`"),
    "attribute": (good(("<sender>", "<sender id='x'>")), "/alert/sender", "attribute"),
    "text between": (good(("<sender>", "text<sender>")), "/alert", "text between"),
    "element in a text": (good(("红色", "<b>红</b>色")), "/alert/info[1]/description", "elements where a text"),
    "restricted, not said how": (good((">Public<", ">Restricted<")), "/alert/restriction", "required"),
    "restriction of public": (
        good(("</scope>", "</scope><restriction>x</restriction>")),
        "/alert/restriction",
        "only for the scope Restricted",
    ),
    "private to nobody": (good((">Public<", ">Private<")), "/alert/addresses", "required"),
    "update of nothing": (good((">Alert<", ">Update<")), "/alert/references", "required"),
    "cancel of nothing": (good((">Alert<", ">Cancel<")), "/alert/references", "required"),
    "references that are none": (
        good(("</scope>", "</scope><references>alerts@police.example,1</references>")),
        "/alert/references",
        "sender,identifier,sent",
    ),
    "reference with Z": (
        good(("</scope>", "</scope><references>a,1,2026-05-25T00:30:00Z</references>")),
        "/alert/references",
        "-00:00",
    ),
    "expires before sent": (
        good((EXPIRES, "<expires>2026-05-25T08:30:00+08:00</expires>")),
        "/alert/info[1]/expires",
        "not after `sent`",
    ),
    "no language": (good(("zh-CN", "中文")), "/alert/info[1]/language", "not a language tag"),
    "relative web": (good(("<contact>", "<web>/case</web><contact>")), "/alert/info[1]/web", "full URI"),
    "no mimeType": (
        good(("<mimeType>image/jpeg</mimeType>", "")),
        "/alert/info[1]/resource[1]/mimeType",
        "required",
    ),
    "no resourceDesc": (
        good(("<resourceDesc>photo</resourceDesc>", "")),
        "/alert/info[1]/resource[1]/resourceDesc",
        "required",
    ),
    "negative size": (
        good(("</mimeType>", "</mimeType><size>-1</size>")),
        "/alert/info[1]/resource[1]/size",
        "number of bytes",
    ),
    "parameter without value": (good(("<value>小明</value>", "")), "/alert/info[1]/parameter[1]/value", "required"),
    "no areaDesc": (good(("<areaDesc>罗湖</areaDesc>", "")), f"{AREA_PATH}/areaDesc", "required"),
    "ceiling alone": (_area("<ceiling>100</ceiling>"), f"{AREA_PATH}/ceiling", "together with `altitude`"),
    "ceiling below": (_area("<altitude>9</altitude><ceiling>8</ceiling>"), f"{AREA_PATH}/ceiling", "below"),
    "empty polygon": (_polygon(""), f"{AREA_PATH}/polygon[1]", "empty"),
    "three points": (_polygon("22,114 23,114 22,114"), f"{AREA_PATH}/polygon[1]", "fewer than four"),
    "open polygon": (_polygon("22,114 23,114 23,115 22,115"), f"{AREA_PATH}/polygon[1]", "last point"),
    "bow tie": (_polygon("22,114 23,115 23,114 22,115 22,114"), f"{AREA_PATH}/polygon[1]", "Self-intersection"),
    "a line": (_polygon("22,114 23,114 24,114 22,114"), f"{AREA_PATH}/polygon[1]", ""),
    "one point four times": (_polygon("22,114 22,114 22,114 22,114"), f"{AREA_PATH}/polygon[1]", ""),
    "latitude 91": (_polygon("91,114 91,115 90,115 91,114"), f"{AREA_PATH}/polygon[1]", "beyond 90"),
    "longitude first": (_polygon("114,22 115,22 115,23 114,22"), f"{AREA_PATH}/polygon[1]", "latitude comes first"),
    "longitude 181": (_polygon("22,181 23,181 23,180 22,181"), f"{AREA_PATH}/polygon[1]", "beyond 180"),
    "not numbers": (_polygon("nan,114 inf,115 1e1,115 nan,114"), f"{AREA_PATH}/polygon[1]", "decimal degrees"),
    "half a pair": (_polygon("22 114 23 114"), f"{AREA_PATH}/polygon[1]", "not `latitude,longitude`"),
    "circle without radius": (good(("22.55,114.12 30", "22.55,114.12")), f"{AREA_PATH}/circle[1]", "radius"),
    "circle with less than nothing": (good((",114.12 30", ",114.12 -1")), f"{AREA_PATH}/circle[1]", "kilometres"),
    "circle beyond the pole": (good(("22.55,114.12", "95,114.12")), f"{AREA_PATH}/circle[1]", "beyond 90"),
}

ACCEPTANCE = {
    "System": (good((">Actual<", ">System<")), "/alert/status", "machines of a network"),
    "Draft": (good((">Actual<", ">Draft<")), "/alert/status", "not to be acted on"),
    "Ack": (
        good((">Alert<", ">Ack<"), ("</scope>", "</scope><references>a,1,2026-05-25T08:00:00+08:00</references>")),
        "/alert/msgType",
        "acknowledged",
    ),
    "Error": (
        good((">Alert<", ">Error<"), ("</scope>", "</scope><references>a,1,2026-05-25T08:00:00+08:00</references>")),
        "/alert/msgType",
        "rejected",
    ),
    "restricted": (
        good((">Public<", ">Restricted<"), ("</scope>", "</scope><restriction>police</restriction>")),
        "/alert/scope",
        "only Public",
    ),
    "from the future": (good((SENT, "2026-05-25T09:30:00+08:00</sent>")), "/alert/sent", "in the future"),
    "another event": (
        good(("儿童失踪", "Tornado"), ("Child missing", "Tornado"), (">CAE<", ">TOR<"), count=-1),
        "/alert/info[1]/eventCode",
        "not a missing child",
    ),
    "another event beside": (good((">CAE<", ">TOR<")), "/alert/info[1]/eventCode", "another event"),
    "no info": (good((CHINESE, ""), (ENGLISH, "")), "/alert/info[1]", "what happened and where"),
    "nothing to say": (
        good(("<headline>寻找小明</headline>", ""), ("<description>红色外套</description>", "")),
        "/alert/info[1]/headline",
        "nothing to say",
    ),
    "one language twice": (good((">en-US<", ">zh-cn<")), "/alert/info[2]/language", "which one"),
    "no area": (good((AREA, "")), "/alert/info[1]", "nothing is sent"),
    "an area of words": (_area(""), AREA_PATH, "no usable place"),
    "codes that we do not know": (_area(_geocode("SAME", "006037")), AREA_PATH, "SAME"),
    "the standard's AMBER alert": (AMBER.encode(), AREA_PATH, "no usable place"),
    "a city code of five digits": (_area(_geocode("adcode", "44030")), f"{AREA_PATH}/geocode[1]", "six digits"),
    "a city code of words": (_area(_geocode("adcode", "深圳")), f"{AREA_PATH}/geocode[1]", "six digits"),
    "a circle of nobody": (good((",114.12 30", ",114.12 0"), count=-1), f"{AREA_PATH}/circle[1]", "0 km"),
    "a circle at zero": (good(("22.55,114.12 30", "0,0 30"), count=-1), f"{AREA_PATH}/circle[1]", "(0, 0)"),
    "two circles": (good((",114.12 30", ",114.12 40")), "/alert/info[2]/area[1]/circle[1]", "one centre"),
    "an altitude": (good(("</area>", "<altitude>9</altitude></area>")), f"{AREA_PATH}/altitude", "altitudes"),
    "a grown child": (good(("<value>6</value>", "<value>18</value>")), "/alert/info[1]/parameter", "childAge"),
    "two ages": (good(("<value>6</value>", "<value>7</value>")), "/alert/info[2]/parameter", "another age"),
}


@pytest.mark.parametrize(("body", "why"), XML.values(), ids=XML)
def test_harmful_or_foreign_xml_is_refused_before_it_is_read(body: bytes, why: str) -> None:
    """One error at the document's root says why; nothing is loaded, and nothing expands."""
    errors = receive(body, (), NOW)
    assert isinstance(errors, list)
    assert [error.path for error in errors] == ["/"]
    assert why in errors[0].detail
    assert "root:" not in errors[0].detail


@pytest.mark.parametrize(("body", "path", "why"), STANDARD.values(), ids=STANDARD)
def test_violations_of_the_standard_are_named_by_their_path(body: bytes, path: str, why: str) -> None:
    """Rules of the schema, and those that only the text of the standard has, one error each."""
    errors = receive(body, (), NOW)
    assert isinstance(errors, list)
    assert [error.path for error in errors] == [path]
    assert why in errors[0].detail


@pytest.mark.parametrize(("body", "path", "why"), ACCEPTANCE.values(), ids=ACCEPTANCE)
def test_a_valid_message_that_is_not_for_this_server_is_refused(body: bytes, path: str, why: str) -> None:
    """Of another type, event or scope, or without a place: never sent, never widened."""
    assert not isinstance(receive(body, (), NOW), list)
    errors = receive_case(body, (), NOW)
    assert isinstance(errors, list)
    assert path in [error.path for error in errors]
    assert why in " ".join(error.detail for error in errors if error.path == path)


@pytest.mark.parametrize("body", [good(), good((EXPIRES, ""), count=-1)], ids=["expires", "72 hours"])
def test_an_expired_message_is_refused_from_its_last_moment_on(body: bytes) -> None:
    """All infos must have expired; one without `expires` lives 72 hours, as every alert does."""
    hours = 24 if b"<expires>" in body else 72
    last = NOW - timedelta(minutes=30) + timedelta(hours=hours)
    assert isinstance(receive_case(body, (), last - timedelta(seconds=1)), ReceivedCase)
    errors = receive_case(body, (), last)
    assert isinstance(errors, list)
    assert [error.path for error in errors] == ["/alert/info[1]/expires"]
    assert "expired" in errors[0].detail


def test_all_bad_fields_are_named_at_once() -> None:
    """To correct a document, a sender needs one answer, not one for each fault."""
    body = good(("alerts@", "a b@"), (SENT, "2026-05-25T00:30:00Z</sent>"), (POLYGON, ""))
    errors = receive(body, (), NOW)
    assert isinstance(errors, list)
    assert [error.path for error in errors] == ["/alert/sender", "/alert/sent", f"{AREA_PATH}/polygon[1]"]


def test_a_style_sheet_before_the_message_is_ignored() -> None:
    """Weather services name one for browsers; it is not loaded, and the message is the same."""
    styled = receive(good(("<alert ", '<?xml-stylesheet href="http://127.0.0.1:1/x.xsl"?><alert ')), (), NOW)
    assert styled == receive(good(), (), NOW)


@pytest.mark.parametrize(
    "body",
    [b"\xef\xbb\xbf" + good(), good(('<?xml version="1.0" encoding="UTF-8"?>\n', "")), good(("UTF-8", "utf-8"))],
    ids=["byte order mark", "no declaration", "small letters"],
)
def test_utf_8_is_read_however_it_is_declared(body: bytes) -> None:
    """With a byte order mark, without a declaration, in upper or lower case."""
    assert not isinstance(receive(body, (), NOW), list)


def test_a_comment_cannot_split_a_text() -> None:
    """Comments are ignored, so that the text read is the text signed."""
    plain, split = receive(good(), (), NOW), receive(good(("寻找小明", "寻找<!-- x -->小明")), (), NOW)
    assert not isinstance(plain, list)
    assert not isinstance(split, list)
    assert document_of(plain.message) == document_of(split.message)
