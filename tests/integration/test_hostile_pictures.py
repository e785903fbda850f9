"""A short run of `./run hostile-pictures`: all bombs, each format of Pillow's, and some hundred changed pictures."""

from __future__ import annotations

from tests.hostile_pictures.bombs import bombs
from tests.hostile_pictures.campaign import faults_of, run
from tests.hostile_pictures.cli import GROWTH_MAX_MB
from tests.support.pictures import camera_exif, encoded, scene


async def test_nothing_is_kept_that_we_did_not_encode_and_memory_stays() -> None:
    """The processes that decode may die; the one that asks stays as it was, and everything it keeps is ours."""
    outcome = await run(2, 300, None, lambda _: None)
    assert outcome.given == 300
    assert outcome.not_ours == []
    assert outcome.results["kept"] > 20
    assert outcome.results["broken"] > 20
    assert outcome.results["not_a_picture"] > 20
    assert outcome.caller_mb - outcome.caller_mb_warm < GROWTH_MAX_MB
    assert outcome.changes["bomb"] == len(list(bombs()))


def test_the_judge_sees_what_is_not_ours() -> None:
    """A comment, metadata, bytes after the end: each is seen, so that the run above can fail."""
    plain = encoded(scene(64, 48), "JPEG")
    assert faults_of(plain, 100_000) == []
    assert "metadata" in faults_of(encoded(scene(64, 48), "JPEG", camera_exif()), 100_000)
    assert "metadata" in faults_of(encoded(scene(64, 48), "JPEG", comment="hello"), 100_000)
    assert "bytes after the end" in faults_of(plain + b"PK", 100_000)
    assert "too many bytes" in faults_of(plain, 10)
