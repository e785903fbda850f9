"""What people share and print: the share card (PNG), the poster (PDF, PNG) and the QR code.

Set by typst from data, never from markup of others. A glyph that the font lacks is said. Bounded: one at a time, in a
thread.
"""
