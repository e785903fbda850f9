"""Simulated providers: separate processes that speak a provider's wire format and check what the real one would.

Requests flow in, the provider's answers flow out, and how often each account was reached is counted exactly.
Every output says `simulated`: nothing here reaches a phone. Bounded: 16 bytes an account counted, 1 MiB a request.
"""
