"""The three sizes of a picture, and what each may weigh. Alone, because the child imports little."""

from __future__ import annotations

from typing import Final

WIDTHS: Final = (320, 640, 1280)
"""Pixels: small for lists, medium for the page, large for the poster. A picture is never enlarged."""

MEDIUM: Final = 1
"""Which of the three a page, phones and the console show."""

BYTES_MAX: Final = (20_000, 35_000, 400_000)
"""Of each of the three: the medium one is half of what a page's first view may weigh."""

HEIGHT_TO_WIDTH_MAX: Final = 1.5
"""Portraits of phones are 4:3; what is higher becomes narrower than its width."""
