"""A case that says much, through a real server: what its sender hears, and what the preview shows lane by lane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from tests.support.processes.deployment import CASE

if TYPE_CHECKING:
    from tests.support.processes.deployment import Deployment

PLATE, GUIDANCE = "粤B12345", "切勿靠近，请立即报警"
RICH: Final[dict[str, Any]] = {
    "kind": "family_abduction",
    "issuer": "深圳市公安局",
    "guidance": GUIDANCE,
    "companions": [{"relation": "父亲", "sex": "male", "age": 35}],
    "vehicle": {"plate": PLATE, "colour": "白色"},
    "photos": [{"url": "https://police.example/father.jpg", "of": "companion"}],
    "texts": {"es_MX": {"title": "Niño llevado por su padre", "body": "Visto en el parque."}},
}


async def test_the_preview_shows_the_whole_case_in_every_language(deployment: Deployment) -> None:
    """Plate, guidance and number in each, the text of the police under its normal tag; the father's photo nowhere."""
    server = await deployment.server()
    status, answer = await deployment.file(server, **RICH)
    assert status == 202
    assert any("$.photos[0]" in note for note in answer["notes"])
    preview = await deployment.get(f"{server.url}/v1/alerts/{answer['alert']['id']}/preview")
    shown = preview["notices"]["alert"]
    assert set(shown) == {"zh-CN", "en", "es-MX"}
    for lanes in shown.values():
        for lane in lanes.values():
            assert all(said in lane["body"] for said in (PLATE, GUIDANCE, "110"))
    assert shown["zh-CN"]["tpns"]["title"] == "【深圳市公安局】寻找被亲属带走的儿童：小明，6岁"
    assert shown["en"]["tpns"]["title"] == "深圳市公安局 – Child taken by relative: 小明, aged 6"
    assert shown["es-MX"]["tpns"]["title"] == "Niño llevado por su padre"
    assert "father.jpg" not in str((await deployment.query("select content::text from alert"))[0])


async def test_a_case_whose_guidance_does_not_fit_or_whose_texts_meet_is_refused(deployment: Deployment) -> None:
    """Each named by its path, and nothing is stored."""
    server = await deployment.server()
    status, answer = await deployment.file(server, guidance="切勿靠近" * 14, vehicle={"plate": PLATE})
    assert (status, [error["path"] for error in answer["errors"]]) == (422, ["$.guidance"])
    texts = {tag: {"title": "t", "body": "b"} for tag in ("zh-CN", "zh-Hans")}
    status, answer = await deployment.file(server, texts=texts)
    assert (status, [error["path"] for error in answer["errors"]]) == (422, ["$.texts.zh-Hans"])
    assert (await deployment.query("select count(*) from child_case"))[0][0] == 0


async def test_a_case_of_the_schema_before_is_the_same_case_when_it_is_filed_again(deployment: Deployment) -> None:
    """With none of the new fields: 202, then 200, and the text reads as it did."""
    server = await deployment.server()
    assert (await deployment.file(server))[0] == 202
    status, answer = await deployment.file(server)
    assert status == 200
    preview = await deployment.get(f"{server.url}/v1/alerts/{answer['alert']['id']}/preview")
    body = preview["notices"]["alert"]["zh-CN"]["tpns"]["body"]
    assert body.endswith(f"在{CASE['last_seen']['place']}走失。男，身高118厘米，蓝色校服。如有线索请联系福田分局：110")
