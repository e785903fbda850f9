"""Simulated providers: separate processes that speak a provider's wire format and check what the real one would.

They answer as the provider would, and count exactly how often each account was reached.
Every output says `simulated`: nothing here reaches a phone. Bounded: 16 bytes an account counted, 1 MiB a request.
"""
