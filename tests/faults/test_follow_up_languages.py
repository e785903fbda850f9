"""Follow-up notices come in the language in which somebody was first notified, whatever their phone says now.

The titles that the providers got tell the language: of accounts (tpns) and of tokens (huawei).
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
import pytest

from geo.connection import connect
from geo.index.devices import address
from geo.index.position_index import PositionIndex
from geo.index.reports import Positions, now_ms
from handlers.http.roles import Role
from push.alerts.review import Review
from tests.faults.test_follow_up_notices import accepted, wait_until_done
from tests.support.life.officers import Officers
from tests.support.processes.deployment import CASE
from tests.support.providers.notified import CANCEL, FOUND, RecordingHuaweiLane, recording_tpns

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tests.support.processes.deployment import Deployment
    from tests.support.providers.notified import Notified

    People = Mapping[str, NDArray[np.int64]]

EACH: Final = 40
PLACE: Final = (CASE["last_seen"]["longitude"], CASE["last_seen"]["latitude"])
TITLES: Final = {
    "zh-CN": "寻找走失儿童",
    "en": "Missing child",
    "es": "Buscamos a un niño",
    "fr": "Enfant disparu",
    "ug": "بالا يوقاپ كەتتى",
}
FOUND_ENGLISH: Final = "The child has been found"
CANCEL_ENGLISH: Final = "Alert withdrawn"
FOUND_SPANISH: Final = {"title": "El niño ha aparecido", "body": "Gracias por su ayuda."}
READS: Final = {"tpns": 20_000_000, "huawei": 90_000_000}
"""The first of each lane's users."""

TEXTS: Final = {
    "es": {"title": TITLES["es"], "body": "Visto en el parque", "follow_ups": {"found": FOUND_SPANISH}},
    "fr": {"title": TITLES["fr"], "body": "Vu au parc"},
    "ug": {"title": TITLES["ug"], "body": "باغچىدا كۆرۈلگەن"},
}


async def _report(deployment: Deployment, huawei: RecordingHuaweiLane, lane: str, people: People) -> None:
    """Report users of a lane at the place, by the language of their phones."""
    client = connect(deployment.redis_url)
    index = PositionIndex(client, ("tpns", "huawei"))
    for locale, users in people.items():
        number = len(users)
        addresses = [address(locale, huawei.token_of(user) if lane == "huawei" else None) for user in users.tolist()]
        columns = [PLACE[0]] * number, [PLACE[1]] * number, [now_ms()] * number
        await index.record(Positions(lane, users.tolist(), *columns, addresses))
    await client.aclose()


def _people(lane: str, *locales: str) -> dict[str, NDArray[np.int64]]:
    first = READS[lane]
    return {
        locale: np.arange(first + row * 1000, first + row * 1000 + EACH, dtype=np.int64)
        for row, locale in enumerate(locales)
    }


async def _filed_in_five_languages(deployment: Deployment, officers: Officers) -> str:
    """File a case with texts of the police, and have it approved; returns the alert."""
    await officers.review(Review.APPROVE)
    await officers.person("Li", Role.APPROVER)
    _, answer = await deployment.file(officers.server, texts=TEXTS)
    alert: str = answer["alert"]["id"]
    # What phones say in each language, however the case's texts are taken.
    texts: dict[str, Any] = {
        locale: {"title": title, "body": "b", "call": "110", "phone": "110"} for locale, title in TITLES.items()
    }
    await deployment.query("update alert set content = jsonb_set(content, '{texts}', $1::jsonb)", _json(texts))
    assert (await officers.act(alert, "approval", by="Li"))[0] == 200
    await deployment.sent(officers.server, alert)
    return alert


def _json(tree: object) -> str:
    return msgspec.json.encode(tree).decode()


def _same(notified: Notified, expected: dict[str, list[NDArray[np.int64]]]) -> None:
    for title, parts in expected.items():
        np.testing.assert_array_equal(notified.of(title), np.sort(np.concatenate(parts)), err_msg=title)


@pytest.mark.parametrize("action", ["found", "cancel"])
async def test_everybody_is_followed_in_the_language_of_the_alert_although_their_phones_changed(
    deployment: Deployment, action: str
) -> None:
    """In that of the police where they wrote one, else in English; nobody in another person's language."""
    huawei = RecordingHuaweiLane(deployment)
    async with recording_tpns(deployment) as tpns, huawei.serving():
        locales = ("zh-CN", "en-GB", "es-MX", "fr", "ug-CN")
        people = {lane: _people(lane, *locales) for lane in READS}
        for lane, by_locale in people.items():
            await _report(deployment, huawei, lane, by_locale)
        server = await deployment.server(**huawei.env())
        alert = await _filed_in_five_languages(deployment, Officers(deployment, server))
        for lane, provider in (("tpns", tpns), ("huawei", huawei.provider)):
            first = {
                TITLES[locale.partition("-")[0] if locale != "zh-CN" else locale]: [users]
                for locale, users in people[lane].items()
            }
            _same(provider.notified, first)
            changed = dict(zip(people[lane], [*[*people[lane].values()][1:], people[lane]["zh-CN"]], strict=True))
            await _report(deployment, huawei, lane, changed)

        why = {"reason": "because of a test", "case_number": CASE["case_number"]}
        assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/{action}", why))[0] == 200
        await wait_until_done(deployment, action)
        for lane, provider in (("tpns", tpns), ("huawei", huawei.provider)):
            one = people[lane]
            english = [one["en-GB"], one["fr"], one["ug-CN"]]
            if action == "found":
                expected = {FOUND: [one["zh-CN"]], FOUND_ENGLISH: english, FOUND_SPANISH["title"]: [one["es-MX"]]}
            else:
                expected = {CANCEL: [one["zh-CN"]], CANCEL_ENGLISH: [*english, one["es-MX"]]}
            _same(provider.notified, expected)
        languages = "select locale, sum(recipients)::int from ledger where notice = 'alert' group by 1 order by 1"
        assert await deployment.query(languages) == [(name, 2 * EACH) for name in sorted(TITLES)]


async def test_an_update_comes_in_the_language_of_the_alert(deployment: Deployment) -> None:
    """In every one of its languages, also to those whose phones changed; who is new reads the present one."""
    huawei = RecordingHuaweiLane(deployment)
    async with recording_tpns(deployment) as tpns, huawei.serving():
        people = {lane: _people(lane, "zh-CN", "es", "fr") for lane in READS}
        for lane, by_locale in people.items():
            await _report(deployment, huawei, lane, by_locale)
        server = await deployment.server(**huawei.env())
        officers = Officers(deployment, server)
        alert = await _filed_in_five_languages(deployment, officers)
        for lane, one in people.items():
            await _report(deployment, huawei, lane, {"fr": one["zh-CN"], "zh-CN": one["es"], "es": one["fr"]})
        # The change needs no approval, because the alert's review was of its filing.
        await deployment.query("update alert set review = 'auto'")
        texts = {locale: {"title": f"{title} 2", "body": "b2"} for locale, title in TITLES.items()}
        assert (await officers.act(alert, "update", texts=texts))[0] == 200
        await wait_until_done(deployment, "update")
        for lane, provider in (("tpns", tpns), ("huawei", huawei.provider)):
            _same(provider.notified, {f"{TITLES[locale]} 2": [users] for locale, users in people[lane].items()})


async def test_an_alert_that_the_version_before_sent_is_followed_in_the_present_language(
    deployment: Deployment,
) -> None:
    """Its rows of the ledger do not say in which language: what the phone reads now is the best that is known."""
    async with recording_tpns(deployment) as tpns:
        people = _people("tpns", "zh-CN", "en")
        huawei = RecordingHuaweiLane(deployment)
        await _report(deployment, huawei, "tpns", people)
        server = await deployment.server()
        _, answer = await deployment.file(server)
        alert = answer["alert"]["id"]
        await deployment.sent(server, alert)
        assert await accepted(deployment, alert) == 2 * EACH
        await deployment.query("update ledger set locale = null")
        why = {"reason": "because of a test", "case_number": CASE["case_number"]}
        assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/found", why))[0] == 200
        await wait_until_done(deployment, "found")
        _same(tpns.notified, {FOUND: [people["zh-CN"]], FOUND_ENGLISH: [people["en"]]})


async def test_a_server_killed_in_the_middle_follows_in_the_same_languages(deployment: Deployment) -> None:
    """What the next server sends again, it sends in the language that the ledger has; nobody gets two."""
    async with recording_tpns(deployment) as tpns:
        people = _people("tpns", "zh-CN", "en")
        huawei = RecordingHuaweiLane(deployment)
        await _report(deployment, huawei, "tpns", people)
        server = await deployment.server(QQ_ALERT_LANES__TPNS__WORKERS="1")
        _, answer = await deployment.file(server)
        alert = answer["alert"]["id"]
        await deployment.sent(server, alert)
        await _report(deployment, huawei, "tpns", {"en": people["zh-CN"], "zh-CN": people["en"]})
        tpns.gate.close_after(1)
        why = {"reason": "because of a test", "case_number": CASE["case_number"]}
        assert (await deployment.post(f"{server.url}/v1/alerts/{alert}/found", why))[0] == 200
        await tpns.gate.holds(1)
        server.end(signal.SIGKILL)
        tpns.gate.open()
        await deployment.server()
        await wait_until_done(deployment, "found")
        for title, users in ((FOUND, people["zh-CN"]), (FOUND_ENGLISH, people["en"])):
            np.testing.assert_array_equal(np.unique(tpns.notified.of(title)), users)
