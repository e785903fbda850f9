"""CAP 1.2 (OASIS Common Alerting Protocol) as a format: reads, verifies, writes and signs documents.

Reading: `document` makes harmless XML of bytes, `verification` says what of it an authority signed, `grammar` and
`values` hold the standard's rules, `reading` makes a typed message of it (`model`). Writing: `areas` and `writing` make
a document, `signing` signs it. What the police send is taken in `handlers.police.cap`, what is published is made in
`handlers.public`.

Everything here is pure: no socket, no store, no clock. Whatever comes in is a value, never an exception.
Bounded: documents of 64 KiB, `document.DEPTH_MAX` deep, of `document.ELEMENTS_MAX` elements.
"""
