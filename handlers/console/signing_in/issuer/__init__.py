"""Signing in by an issuer with OpenID Connect: the code flow with PKCE, and asking again whether a person is there.

`discovery` finds the issuer's addresses and keys, `id_token` verifies what it signs, `grants` asks it, `roles` reads
role, authority and name out of what it says, `people` finds who that is here, `rechecks` asks again while a session is
used. Everything that is fetched is bounded by `fetching`. Errors: what the issuer refuses, and that it does not answer,
are values.
"""
