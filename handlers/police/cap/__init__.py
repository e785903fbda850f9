"""Takes CAP 1.2 from the police: what a document says becomes a filing, an update or a cancellation.

Bounded: documents that wait to be read, drafts of an authority.
"""
