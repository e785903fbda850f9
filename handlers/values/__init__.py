"""Values as people and systems write them: each is cleaned of what cannot be meant, or refused with what is expected.

Every path into the server uses these: JSON, CAP, an operator's change, device reports, import files. Pure functions;
bounded by the value, whose length its field bounds.
"""
