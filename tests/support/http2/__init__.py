"""Both sides of HTTP/2 on the library h2: a client for simulated providers, and a provider for our client."""
