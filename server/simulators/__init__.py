"""Simulated providers: separate processes that speak the wire format of a provider, and are as strict as it is.

They answer as the provider would, fail on request, and count exactly how often each recipient was reached. No message
reaches a phone, and every output says `simulated`. Bounded: 1 MiB a request; a count for each recipient (`counts`,
`reached`). Errors: OSError when an address cannot be listened on.
"""
