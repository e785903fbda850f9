"""What comes in over HTTP is taken as it is meant, or refused with a reason; and nothing is lost for its ornaments."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import numpy as np
import pytest

from geo.connection import connect
from geo.index.position_index import PositionIndex
from server.administration.file_case import send_case, send_notice
from tests.support.processes.deployment import CASE, SEEN_ON
from tests.support.processes.processes import until
from tests.support.stores import boundaries

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment
    from tests.support.processes.processes import Process

BLANK: Final = ("", " ", "\u3000", "\u200b", "\n\t", "\ufeff", "\u2800", None)
ONE_TEXT: Final = {"reason": "误报", "case_number": CASE["case_number"]}


async def _post(deployment: Deployment, url: str, body: object) -> tuple[int, dict[str, Any]]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with deployment.session() as session, session.post(url, data=raw) as response:
        return response.status, await response.json()


async def _send(deployment: Deployment, server: Process, body: str) -> tuple[int, dict[str, Any]]:
    status, answer = await send_case(server.url, "sz", deployment.secret, body.encode())
    return status, json.loads(answer)


def _paths(answer: dict[str, Any]) -> list[str]:
    return [error["path"] for error in answer.get("errors", [])]


async def test_a_case_that_is_filed_again_with_other_offsets_and_white_space_is_the_same(
    deployment: Deployment,
) -> None:
    """200 with the alert that stands: neither an offset, a line break nor full-width digits make a second identity."""
    server = await deployment.server()
    status, first = await deployment.file(server, contact={"name": "福田分局", "phone": "0755-84450000"})
    assert status == 202
    seen = CASE["last_seen"] | {"at": f"{SEEN_ON}T07:40:00Z"}
    other = {
        "case_number": f"\u200b{CASE['case_number']}\n",
        "reported_at": f"{SEEN_ON}T03:20:00-05:00",
        "last_seen": seen | {"place": "莲花山公园 ", "crs": None},
        "child": {**CASE["child"], "features": " ", "name": "小\u202e明\u0007"},
        "contact": {"name": "福田分局\r\n", "phone": "０７５５－８４４５００００"},
    }
    status, again = await deployment.file(server, **other)
    assert (status, again["alert"]["id"]) == (200, first["alert"]["id"])
    assert (await deployment.query("select count(*) from alert"))[0][0] == 1
    found = await deployment.get(f"{server.url}/v1/alerts?case_number=%20{CASE['case_number']}%0A")
    assert [alert["id"] for alert in found["alerts"]] == [first["alert"]["id"]]


async def test_blank_is_not_given_in_an_optional_field_and_refused_in_a_required_one(deployment: Deployment) -> None:
    """Any white space, invisible sign or null: the case is taken, also without a name; else it says what is needed."""
    server = await deployment.server()
    for number, blank in enumerate(BLANK):
        child = {"name": "小明", "sex": blank, "age": blank, "height_cm": blank, "clothing": blank, "photo_url": blank}
        seen = CASE["last_seen"] | {"place": blank, "city": blank, "crs": blank}
        case = {"case_number": f"B-{number}", "child": child, "last_seen": seen, "area": blank}
        status, answer = await deployment.file(server, **case)
        assert status == 202, (blank, answer)
        wrong = {"child": {"name": blank}, "contact": {"name": blank, "phone": blank}, "status": blank}
        status, answer = await deployment.file(server, case_number=f"R-{number}", **wrong)
        assert (status, sorted(_paths(answer))) == (
            422,
            ["$.contact.name", "$.contact.phone", "$.status"],
        )
        assert {error["detail"] for error in answer["errors"]} == {"blank, and a value is needed"}


async def test_a_number_is_refused_with_what_is_expected(deployment: Deployment) -> None:
    """Not with a regular expression; and what can be dialled is shown in one form."""
    server = await deployment.server()
    for wrong in ("--", "()", "**", "call the desk", "1" * 18, "110 / 120 / 119", "转8012"):
        status, answer = await deployment.file(server, contact={"name": "分局", "phone": wrong})
        assert (status, _paths(answer)) == (422, ["$.contact.phone"]), wrong
        assert "0755-84450000" in answer["errors"][0]["detail"], wrong
        assert "[" not in answer["errors"][0]["detail"], wrong
    status, _ = await deployment.file(server, contact={"name": "分局", "phone": "（0755）84450000转8012"})
    assert status == 202
    shown = (await deployment.query("select content::text from alert"))[0][0]
    assert "(0755)84450000 ext. 8012" in shown


async def test_siblings_are_one_case_and_one_alert_and_all_their_data_goes(deployment: Deployment) -> None:
    """Their names are in what phones show and nowhere once the child's data is deleted; no number names one of them."""
    server = await deployment.server(QQ_ALERT_RETENTION__CHILD_AFTER_FOUND_H="0.1", QQ_ALERT_RETENTION__LOOK_S="0.1")
    case = {name: value for name, value in CASE.items() if name != "child"}
    children = [{"name": "欧阳小明", "age": 6}, {"name": "欧阳小红", "age": 4}]
    status, answer = await _send(deployment, server, json.dumps({**case, "children": children}))
    assert status == 202, answer
    status, _ = await _send(
        deployment, server, json.dumps({**case, "case_number": "SZ-1", "child": CASE["child"], "children": children})
    )
    assert status == 422
    content = await deployment.query(
        "select a.content::text || c.content::text from alert a join child_case c on c.id = a.case_id"
    )
    assert all(name in content[0][0] for name in ("欧阳小明", "欧阳小红"))
    notice = {"case_number": CASE["case_number"], "notice": "found", "reason": "已找到"}
    status, _ = await send_notice(server.url, "sz", deployment.secret, json.dumps(notice).encode())
    assert status == 200


async def test_no_stop_fails_on_its_wording(deployment: Deployment) -> None:
    """Two letters, one, a sign, with white space: every action and notice takes any reason but a blank one."""
    server = await deployment.server()
    _, answer = await deployment.file(server)
    url = f"{server.url}/v1/alerts/{answer['alert']['id']}"
    for action, reason in (("pause", "停"), ("resume", "OK"), ("pause", " ! "), ("cancel", "误报")):
        status, said = await _post(deployment, f"{url}/{action}", ONE_TEXT | {"reason": reason})
        assert status == 200, said
    for blank in BLANK:
        status, said = await _post(deployment, f"{url}/found", ONE_TEXT | {"reason": blank})
        assert (status, _paths(said)) == (422, ["$.reason"]), blank
    notice = {"case_number": f" {CASE['case_number']}\n", "notice": "found", "reason": "已找到"}
    status, _ = await send_notice(server.url, "sz", deployment.secret, json.dumps(notice).encode())
    assert status == 200


async def test_what_is_said_twice_is_refused(deployment: Deployment) -> None:
    """A name twice in any object of any body, also as an escape: is it a test or actual, which phone, which reason."""
    server = await deployment.server()
    text = json.dumps(CASE)
    for twice in (
        text.replace('"status"', '"status": "test", "status"'),
        text.replace('"phone"', '"phone": "120", "phone"'),
        text.replace('"name"', '"n\\u0061me": "x", "name"', 1),
        text.replace('"longitude"', '"longitude": 116.4, "longitude"'),
    ):
        status, answer = await _send(deployment, server, twice)
        assert (status, "twice" in answer["errors"][0]["detail"]) == (422, True), answer
    _, answer = await deployment.file(server)
    url = f"{server.url}/v1/alerts/{answer['alert']['id']}/cancel"
    for body in (
        b'{"reason": "a", "reason": "b", "case_number": "SZ-2026-000123"}',
        b'{"case_number": "a", "case_number": "b"}',
    ):
        status, answer = await _post(deployment, url, body)
        assert (status, answer["code"]) == (422, "bad_fields")
    async with deployment.session() as session, session.get(f"{server.url}/v1/alerts?limit=1&limit=2") as response:
        assert response.status == 422
    body = b'{"radius_km": 5, "radius_km": 500, "longitude": 114, "latitude": 22}'
    assert (await _post(deployment, f"{server.url}/v1/estimates", body))[0] == 422


async def test_a_code_below_a_city_names_its_city_and_beside_a_place_an_unknown_one_is_a_note(
    deployment: Deployment,
) -> None:
    """A district, a town, a municipality, a county-level city; an abolished code has a hint where it stands alone."""
    server = await deployment.server(**boundaries.env())
    at_shenzhen = CASE["last_seen"]
    for number, (code, city) in enumerate((("440304", "440300"), ("440304001", "440300"), ("４４０３０４", "440300"))):
        status, answer = await deployment.file(
            server, case_number=f"C-{number}", last_seen=at_shenzhen | {"city": code}
        )
        assert (status, answer["alert"]["area"]["city"], answer["notes"]) == (202, city, []), answer
    for number, code in enumerate(("990000", "152600", "990000001001")):
        status, answer = await deployment.file(
            server, case_number=f"N-{number}", last_seen=at_shenzhen | {"city": code}
        )
        assert (status, answer["alert"]["area"]["city"]) == (202, "440300"), answer
        assert code[:6] in answer["notes"][0]
    alone = {"at": at_shenzhen["at"]}
    for code, city in (("110105", "110000"), ("110100", "110000"), ("429004", "429004"), ("310104", "310000")):
        status, answer = await deployment.file(server, case_number=f"A-{code}", last_seen=alone | {"city": code})
        assert (status, answer["alert"]["area"]["city"]) == (202, city), answer
    for code, hint in (("152600", "150900"), ("81", "six digits"), ("990000", "no such city")):
        status, answer = await deployment.file(server, case_number=f"X-{code}", last_seen=alone | {"city": code})
        assert (status, hint in answer["errors"][0]["detail"]) == (422, True), answer


async def test_a_position_outlives_its_ornaments(deployment: Deployment) -> None:
    """Whatever the locale, the report counts; (0, 0) and a value that is none cost that report and no other."""
    server = await deployment.server()
    now = datetime.now(UTC)
    base = {"lane": "tpns", "longitude": 114.05, "latitude": 22.54, "at": now.isoformat()}
    locales = ["zh_CN", "zh_CN_#Hans", "", None, " ", "en-US", "C", "漢", "x" * 500, "zh-rCN", "\u200b"]
    reports = [{**base, "user": user, "locale": locale} for user, locale in enumerate(locales, 1)]
    url = f"{server.url}/v1/devices"
    status, answer = await _post(deployment, url, reports)
    assert (status, answer) == (200, {"accepted": len(locales), "rejected": []})
    later = (now + timedelta(seconds=1)).isoformat()
    bad = [
        {**base, "user": 1, "at": later, "longitude": 0, "latitude": 0},
        {**base, "user": 2, "at": later, "longitude": "NAN"},
        {**base, "user": 3, "at": later, "latitude": None},
        {**base, "user": 4, "at": "yesterday"},
        {**base, "user": 5, "at": later, "longitude": 1e999},
        {**base, "user": 100},
    ]
    body = json.dumps(bad).replace('"NAN"', "NaN").encode()
    status, answer = await _post(deployment, url, body)
    assert (status, answer["accepted"]) == (200, 1)
    assert [one["index"] for one in answer["rejected"]] == [0, 1, 2, 3, 4]
    redis = connect(deployment.redis_url)
    index = PositionIndex(redis, ("tpns",))
    assert (await index.present("tpns", np.array([1, 2, 3, 4, 5, 100]))).all()
    await redis.aclose()


ENCODED: Final = (
    {"Content-Encoding": "gzip"},
    {"Content-Encoding": "br"},
    {"Content-Encoding": "gzip, deflate"},
    {"Content-Encoding": "x"},
)
ROUTES: Final = ("/v1/intake/sz", "/v1/intake/sz/notices", "/v1/devices", "/v1/estimates")


async def test_a_body_in_an_encoding_is_refused_and_no_bug(deployment: Deployment) -> None:
    """On every route that takes a body, signed or not; so is a body that ends early or is not in the form of HTTP."""
    server = await deployment.server()
    async with deployment.session() as session:
        for path in ROUTES:
            for headers in ENCODED:
                async with session.post(server.url + path, data=b"{}", headers=headers) as response:
                    assert (response.status, (await response.json())["code"]) == (415, "unsupported_encoding"), path
            async with session.post(
                server.url + path, data=b"{}", headers={"Content-Encoding": "identity"}
            ) as response:
                assert response.status in {400, 401, 422}, path
    host, port = server.address
    head = f"POST /v1/intake/sz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
    for rest in (
        "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
        "Content-Length: -1\r\n\r\n",
        "Transfer-Encoding: gzip\r\n\r\nx",
    ):
        answer = await _raw(host, int(port), (head + rest).encode())
        assert answer.split(b" ")[1] in {b"400", b"501"}, answer
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write((head + "Content-Length: 100\r\n\r\nabc").encode())
    writer.write_eof()
    assert (await reader.read())[:12] in {b"", b"HTTP/1.1 400"}
    writer.close()
    log = deployment.log.read_text(encoding="utf-8")
    assert "request.bug" not in log
    assert "Traceback" not in log


async def _raw(host: str, port: int, sent: bytes) -> bytes:
    """Send bytes and return what is answered until the server closes the connection."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(sent)
    try:
        return await asyncio.wait_for(reader.read(), 30)
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def test_a_request_that_stands_still_is_ended(deployment: Deployment) -> None:
    """Silence, half a line, half the headers, half a body, a chunk that never ends; a body that moves is waited for."""
    server = await deployment.server(QQ_ALERT_LIMITS__HEADERS_S="5", QQ_ALERT_LIMITS__BODY_S="5")
    host, port = server.address
    post = b"POST /v1/intake/sz HTTP/1.1\r\nHost: x\r\n"
    answers = await asyncio.gather(
        *(
            _raw(host, int(port), sent)
            for sent in (
                b"",
                b"GET /hea",
                post + b"Content-Le",
                post + b"Content-Length: 100\r\n\r\nabc",
                post + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
                b"GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /hea",
            )
        )
    )
    assert answers[:3] == [b""] * 3
    assert [answer[:12] for answer in answers[3:]] == [b"HTTP/1.1 408", b"HTTP/1.1 408", b"HTTP/1.1 200"]
    assert b"request_timeout" in answers[3]


async def test_one_address_cannot_take_all_connections(deployment: Deployment) -> None:
    """Over its share it is closed unread; once one of its connections is closed, another one is served."""
    server = await deployment.server(QQ_ALERT_LIMITS__CONNECTIONS_PER_ADDRESS="2")
    host, port = server.address
    held = [await asyncio.open_connection(host, int(port)) for _ in range(2)]
    ask = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    for reader, writer in held:
        writer.write(ask.replace(b"Connection: close\r\n", b""))
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    assert await _raw(host, int(port), ask) == b""
    held[0][1].close()
    await held[0][1].wait_closed()

    async def is_served() -> bool:
        return (await _raw(host, int(port), ask)).startswith(b"HTTP/1.1 200")

    await until(is_served)
    held[1][1].close()


async def test_head_options_and_trace_are_answered_as_the_standard_says(deployment: Deployment) -> None:
    """HEAD as GET without a body, OPTIONS with what a path takes, TRACE not at all; the document has them."""
    server = await deployment.server()
    async with aiohttp.ClientSession() as session, deployment.session() as known:
        for path in ("/health", "/ready", "/openapi.json", "/metrics"):
            async with session.get(server.url + path) as got, session.head(server.url + path) as head:
                assert (head.status, head.content_type) == (got.status, got.content_type), path
                assert await head.read() == b""
        async with session.head(f"{server.url}/v1/public/alerts.atom") as head:
            assert head.status == 404, "no key to sign with"
        async with known.head(f"{server.url}/v1/alerts") as head, session.head(f"{server.url}/v1/alerts") as stranger:
            assert (head.status, stranger.status) == (200, 401)
        for path, allow in (
            ("/health", "GET, HEAD, OPTIONS"),
            ("/v1/devices", "OPTIONS, POST"),
            ("/v1/feed", "GET, OPTIONS"),
        ):
            async with (
                session.options(server.url + path) as options,
                session.request("TRACE", server.url + path) as trace,
            ):
                assert (options.status, options.headers["Allow"]) == (204, allow), path
                assert (trace.status, trace.headers["Allow"], (await trace.json())["code"]) == (
                    405,
                    allow,
                    "method_not_allowed",
                )
        async with session.options(f"{server.url}/nowhere") as nowhere:
            assert nowhere.status == 404
        async with session.get(f"{server.url}/openapi.json") as response:
            document = await response.json()
    assert "head" in document["paths"]["/health"]
    assert "OPTIONS" in document["info"]["description"]


@pytest.mark.parametrize("zone", ["Asia/Urumqi", "Asia/Shanghai"])
async def test_an_authority_may_have_a_time_zone_of_its_own(deployment: Deployment, zone: str) -> None:
    """Its alerts give the time of its place, in what phones show and in the preview."""
    await deployment.run("authority", "time-zone", "sz", zone)
    server = await deployment.server(QQ_ALERT_ALERT__TIME_ZONE="UTC")
    _, answer = await deployment.file(server)
    preview = await deployment.get(f"{server.url}/v1/alerts/{answer['alert']['id']}/preview")
    body = preview["notices"]["alert"]["zh-CN"]["tpns"]["body"]
    assert {"Asia/Urumqi": "13:40", "Asia/Shanghai": "15:40"}[zone] in body
