"""What a CAP message says beyond its texts: of what event it is, its parameters, its pictures.

Bounded by the document.
"""
