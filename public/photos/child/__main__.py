"""Decodes the picture on standard input: see `public.photos.child`.

Called with the bounds: pixels, bytes of address space, seconds of processor time, bytes of the picture.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Limit this process, then read, decode and answer."""
    pixels_max, memory_max, cpu_s, bytes_max = (int(argument) for argument in sys.argv[1:5])
    from public.photos.child.limits import close_everything, limit_resources  # noqa: PLC0415 - limits come first

    limit_resources(memory_max, cpu_s)
    from public.photos.child.answer import answer_fault, answer_pictures  # noqa: PLC0415 - as above
    from public.photos.child.making import make_pictures  # noqa: PLC0415 - as above
    from public.photos.child.reading import TooManyPixelsError, prepare  # noqa: PLC0415 - as above

    prepare()
    close_everything()
    try:
        data = sys.stdin.buffer.read(bytes_max + 1)
        made = make_pictures(data, pixels_max)
    except (TooManyPixelsError, MemoryError):
        answer_fault("too_many_pixels")
    except Exception:  # noqa: BLE001 - whatever a decoder raises, the picture is broken
        answer_fault("broken")
    else:
        answer_pictures(made)


if __name__ == "__main__":
    main()
