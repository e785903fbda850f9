"""Takes the pictures of the docs from a running demo: `./run screenshots`.

Bounded: `SHOWN_S` for each step; a picture has `COLOURS` colours and at most `BYTES_MAX`.
"""
