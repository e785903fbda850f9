"""Asks passkeys to sign, and verifies what they have signed: once, for one action on one alert.

Bounded: a challenge lasts `LASTS`; `ANSWER_MAX` characters of an answer. Errors: what does not verify is a value.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import webauthn
from webauthn.helpers import (
    options_to_json,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

import sql.audit
import sql.passkeys
from handlers.http.serving.heads import name_of
from sql.audit import AuditEvent
from sql.passkeys import Purpose

if TYPE_CHECKING:
    from aiohttp import web

    from handlers.http.bearer import Bearer
    from sql.database import Pool

LASTS: Final = timedelta(minutes=5)
"""For somebody who looks for their key."""

TIMEOUT_MS: Final = 120_000
CHALLENGE_BYTES: Final = 32
ANSWER_MAX: Final = 16 * 1024
LABEL_MAX: Final = 60
REGISTRATION: Final = "register"
PORT_OF: Final = {"https": ":443", "http": ":80"}
BAD_ANSWERS: Final = (WebAuthnException, ValueError, TypeError, KeyError, RecursionError)
"""What the library raises for an answer that is not well formed, or does not verify."""


class Passkeys:
    """The passkeys of the console's people."""

    def __init__(self, pool: Pool, *, encrypted: bool, required: bool) -> None:
        """`required`: whether approval, release and cancel need one."""
        self._pool = pool
        self._scheme = "https" if encrypted else "http"
        self.required = required

    async def registration_options(self, request: web.Request, bearer: Bearer) -> str:
        """Return what a browser needs to make a passkey, as JSON."""
        rp_id = _rp_id(request)
        known = await sql.passkeys.credentials(self._pool, bearer.person, rp_id)
        challenge = await self._challenge(Purpose(bearer.person, REGISTRATION))
        options = webauthn.generate_registration_options(
            rp_id=rp_id,
            rp_name="QQ Alert",
            user_name=bearer.name,
            # A number that says nothing to anybody else (WebAuthn, 14.6.1).
            user_id=f"person {bearer.person}".encode(),
            challenge=challenge,
            timeout=TIMEOUT_MS,
            exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
        )
        return options_to_json(options)

    async def register(self, request: web.Request, bearer: Bearer, answer: str, label: str) -> bool:
        """Add the passkey that a browser made; False where it does not verify, or there are too many."""
        if len(answer) > ANSWER_MAX:
            return False
        async with self._pool.acquire() as connection, connection.transaction():
            try:
                made = parse_registration_credential_json(answer)
                challenge = parse_client_data_json(made.response.client_data_json).challenge
                if not await sql.passkeys.use_challenge(connection, challenge, Purpose(bearer.person, REGISTRATION)):
                    return False
                verified = webauthn.verify_registration_response(
                    credential=made,
                    expected_challenge=challenge,
                    expected_rp_id=_rp_id(request),
                    expected_origin=self._origin(request),
                    require_user_verification=True,
                )
            except BAD_ANSWERS:
                return False
            added = await sql.passkeys.add(
                connection,
                bearer.person,
                verified.credential_id,
                verified.credential_public_key,
                rp_id=_rp_id(request),
                signs=verified.sign_count,
                label=label,
            )
            if added is None:
                return False
            await sql.audit.append(connection, _event(bearer, "passkey registered", passkey=added))
        return True

    async def options(self, request: web.Request, purpose: Purpose) -> str | None:
        """Return what a browser needs to have something signed, as JSON; None where the person has no passkey."""
        known = await sql.passkeys.credentials(self._pool, purpose.person, _rp_id(request))
        if not known:
            return None
        options = webauthn.generate_authentication_options(
            rp_id=_rp_id(request),
            challenge=await self._challenge(purpose),
            timeout=TIMEOUT_MS,
            allow_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json(options)

    async def has_signed(self, request: web.Request, purpose: Purpose, answer: str) -> int | None:
        """Return which passkey of the person has signed just this, None where none has; a challenge is used up."""
        if not 0 < len(answer) <= ANSWER_MAX:
            return None
        rp_id = _rp_id(request)
        async with self._pool.acquire() as connection, connection.transaction():
            try:
                given = parse_authentication_credential_json(answer)
                challenge = parse_client_data_json(given.response.client_data_json).challenge
                if not await sql.passkeys.use_challenge(connection, challenge, purpose):
                    return None
                known = await sql.passkeys.find(connection, purpose.person, given.raw_id, rp_id)
                if known is None:
                    return None
                verified = webauthn.verify_authentication_response(
                    credential=given,
                    expected_challenge=challenge,
                    expected_rp_id=rp_id,
                    expected_origin=self._origin(request),
                    credential_public_key=known.public_key,
                    credential_current_sign_count=known.signs,
                    require_user_verification=True,
                )
            except BAD_ANSWERS:
                return None
            await sql.passkeys.note_use(connection, known.id, verified.new_sign_count)
            return known.id

    async def _challenge(self, purpose: Purpose) -> bytes:
        challenge = secrets.token_bytes(CHALLENGE_BYTES)
        await sql.passkeys.add_challenge(self._pool, challenge, purpose, LASTS)
        return challenge

    def _origin(self, request: web.Request) -> str:
        return f"{self._scheme}://{request.host.removesuffix(PORT_OF[self._scheme])}"


def _event(bearer: Bearer, action: str, **details: object) -> AuditEvent:
    return AuditEvent(actor=f"{bearer.role.value} {bearer.name}", action=action, details=details, token=bearer.token_id)


def _rp_id(request: web.Request) -> str:
    """Return the name of the console, without its port."""
    return name_of(request.host)
