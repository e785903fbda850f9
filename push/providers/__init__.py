"""Gateways, one file a provider: each renders a message, sends it to recipients, and returns a send result.

Bounded: each gateway names its recipients a request, its time-outs and the bytes of an answer that it reads.
"""
