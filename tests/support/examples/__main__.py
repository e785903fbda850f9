"""Write what phones show of each example case beside it."""

from __future__ import annotations

from tests.support.examples.shown import FOLDER, names, shown

for name in names():
    (FOLDER / f"{name}.txt").write_text(shown(name), encoding="utf-8")
