"""CAP 1.2 from the police: a document flows in, a filing, an update or a cancellation flows out, or why not.

Bounded: documents that wait to be read, drafts of an authority.
"""
