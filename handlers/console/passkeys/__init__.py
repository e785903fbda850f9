"""Passkeys (WebAuthn) at the console: people sign with one what a cookie alone must not do.

`signing` asks and verifies, `page` is where one registers, `guard` lets an action through that a passkey has signed.
Bounded by `sql.passkeys`; a challenge lasts `signing.LASTS` and is used once.
"""
