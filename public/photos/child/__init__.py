"""The program of the process that decodes one picture, with nothing to lose: `python -m public.photos.child`.

The bytes of the picture flow in by standard input, three pictures and what the metadata say flow out by standard output
(`answer.py`). It has no environment, opens no file and no socket once it reads, and is killed when it takes too long.
Bounded: `limits.py`.
"""
