"""Conformance: what others wrote judges ours, be it a client library, a published schema or a protocol library."""
