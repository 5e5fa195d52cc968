"""Passkeys (WebAuthn): what a browser is asked, and whether its answer is right. Who owns which is the rooms' business.

A room keeps the challenges it has given out, takes each one back once, and counts on: a counter that goes back means
that somebody has a copy.
"""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

import msgspec
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    CredentialDeviceType,
    PublicKeyCredentialDescriptor,
    RegistrationCredential,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from kupec.kit.errors import KupecError

CHALLENGE_LIFE = timedelta(minutes=5)
# What a malformed credential makes the library's parsing raise, besides its own errors.
_UNREADABLE = (WebAuthnException, ValueError, KeyError, TypeError)

Need = Literal["preferred", "required"]


class PasskeyRefused(KupecError):
    """This passkey was not accepted. Try again, or sign in another way."""

    status = 401
    code = "passkey_refused"


class PasskeyKnown(KupecError):
    """This passkey is registered already."""

    status = 409
    code = "passkey_known"


class Relying(msgspec.Struct, frozen=True, kw_only=True):
    """Who passkeys are made for: the host they are bound to, the shop's name, and the origin of its pages."""

    id: str
    name: str
    origin: str


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the browser is to be asked for, as JSON, and the challenge in it."""

    challenge: bytes
    options: str


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A passkey that a browser has made."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    backed_up: bool


class NewAnswer:
    """A browser's answer to `ask_new`, read and not yet believed. Raises PasskeyRefused when it cannot be read."""

    def __init__(self, credential: str) -> None:
        try:
            self._answer: RegistrationCredential = parse_registration_credential_json(credential)
            self.challenge = parse_client_data_json(self._answer.response.client_data_json).challenge
        except _UNREADABLE:
            raise PasskeyRefused from None

    def made(self, relying: Relying, *, need: Need = "preferred") -> Made:
        """The passkey. `need` "required": its user must have been verified. Raises PasskeyRefused."""
        try:
            made = verify_registration_response(
                credential=self._answer,
                expected_challenge=self.challenge,
                expected_rp_id=relying.id,
                expected_origin=relying.origin,
                require_user_verification=need == "required",
            )
        except _UNREADABLE:
            raise PasskeyRefused from None
        return Made(
            credential_id=made.credential_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            backed_up=made.credential_device_type == CredentialDeviceType.MULTI_DEVICE,
        )


class Answer:
    """A browser's answer to `ask_known`, read and not yet believed. Raises PasskeyRefused when it cannot be read."""

    def __init__(self, credential: str) -> None:
        try:
            self._answer: AuthenticationCredential = parse_authentication_credential_json(credential)
            self.challenge = parse_client_data_json(self._answer.response.client_data_json).challenge
        except _UNREADABLE:
            raise PasskeyRefused from None

    @property
    def credential_id(self) -> bytes:
        return self._answer.raw_id

    def counted(self, relying: Relying, *, public_key: bytes, sign_count: int, need: Need = "required") -> int:
        """The passkey's new counter. Raises PasskeyRefused, also when it went back."""
        try:
            used = verify_authentication_response(
                credential=self._answer,
                expected_challenge=self.challenge,
                expected_rp_id=relying.id,
                expected_origin=relying.origin,
                credential_public_key=public_key,
                credential_current_sign_count=sign_count,
                require_user_verification=need == "required",
            )
        except _UNREADABLE:
            raise PasskeyRefused from None
        return used.new_sign_count


def ask_new(
    relying: Relying, *, owner: bytes, email: str, name: str, known: Sequence[bytes], need: Need = "preferred"
) -> Asked:
    """What makes a passkey for `owner`, who has the `known` ones. `need` "required": it can stand for a password."""
    challenge = secrets.token_bytes(32)
    options = generate_registration_options(
        rp_id=relying.id,
        rp_name=relying.name,
        user_id=owner,
        user_name=email,
        user_display_name=name,
        challenge=challenge,
        exclude_credentials=[PublicKeyCredentialDescriptor(id=each) for each in known],
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement(need), user_verification=UserVerificationRequirement(need)
        ),
    )
    return Asked(challenge=challenge, options=options_to_json(options))


def ask_known(relying: Relying, *, allowed: Sequence[bytes] = (), need: Need = "required") -> Asked:
    """What uses one of the `allowed` passkeys, or any that the browser knows for us."""
    challenge = secrets.token_bytes(32)
    options = generate_authentication_options(
        rp_id=relying.id,
        challenge=challenge,
        allow_credentials=[PublicKeyCredentialDescriptor(id=each) for each in allowed],
        user_verification=UserVerificationRequirement(need),
    )
    return Asked(challenge=challenge, options=options_to_json(options))
