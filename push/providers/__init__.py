"""Gateways: one file a provider. A message and its recipients flow in, the provider's answer flows out as a value.

Bounded: each gateway names its recipients a request, its time-outs and the bytes of an answer that it reads.
"""
