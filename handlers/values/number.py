"""Whole numbers in texts of others, such as paths and queries. Pure."""

from __future__ import annotations


def number_of(text: str, digits_max: int) -> int | None:
    """Return the whole number that a text is, of at most `digits_max` ASCII digits; None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits_max else None
