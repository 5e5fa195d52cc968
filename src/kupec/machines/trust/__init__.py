"""Whom machines are and whether they may be believed: keys, signatures, profiles, and what is told to machines."""

from kupec.machines.trust.deliveries import (
    forget_machine_webhooks,
    list_machine_webhooks,
    queue_webhook,
)
from kupec.machines.trust.edge import Trust, published_keys
from kupec.machines.trust.errors import (
    AlgorithmUnsupported,
    DigestMismatch,
    KeyNotFound,
    ProfileForbidden,
    ProfileMalformed,
    ProfileUnreachable,
    SignatureInvalid,
    SignatureMissing,
    SignatureReplayed,
    SignatureTooOld,
)
from kupec.machines.trust.events import MachineWebhookFailed, SigningKeyCreated, SigningKeyRevoked
from kupec.machines.trust.keys import Signing, ensure_key, revoke_key, rotate_due, rotate_key, signing_keys
from kupec.machines.trust.messages import (
    Window,
    is_signed,
    sign_request,
    sign_response,
    verify_request,
    verify_response,
)
from kupec.machines.trust.models import (
    MachineWebhook,
    NewWebhook,
    PlatformProfile,
    SignedBy,
    SignedRequest,
    SignedResponse,
    SigningKey,
)
from kupec.machines.trust.once import forget_signatures
from kupec.machines.trust.profiles import capabilities_of, fetch_profile, forget_profiles, read_profile
from kupec.machines.trust.rules import TRUST, TrustRules
from kupec.machines.trust.sending import Sign, webhook_job

__all__ = [
    "TRUST",
    "AlgorithmUnsupported",
    "DigestMismatch",
    "KeyNotFound",
    "MachineWebhook",
    "MachineWebhookFailed",
    "NewWebhook",
    "PlatformProfile",
    "ProfileForbidden",
    "ProfileMalformed",
    "ProfileUnreachable",
    "Sign",
    "SignatureInvalid",
    "SignatureMissing",
    "SignatureReplayed",
    "SignatureTooOld",
    "SignedBy",
    "SignedRequest",
    "SignedResponse",
    "Signing",
    "SigningKey",
    "SigningKeyCreated",
    "SigningKeyRevoked",
    "Trust",
    "TrustRules",
    "Window",
    "capabilities_of",
    "ensure_key",
    "fetch_profile",
    "forget_machine_webhooks",
    "forget_profiles",
    "forget_signatures",
    "is_signed",
    "list_machine_webhooks",
    "published_keys",
    "queue_webhook",
    "read_profile",
    "revoke_key",
    "rotate_due",
    "rotate_key",
    "sign_request",
    "sign_response",
    "signing_keys",
    "verify_request",
    "verify_response",
    "webhook_job",
]
