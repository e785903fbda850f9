"""What the police send: cases, notices and CAP documents, each signed.

Bounded: bodies, unsigned drafts of an authority.
"""
