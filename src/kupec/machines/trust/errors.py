"""Why a message is not believed. The codes are the protocol's, the docstring is the message."""

from kupec.kit.errors import KupecError


class SignatureMissing(KupecError):
    """This request must be signed (RFC 9421), with a key that your profile publishes."""

    status = 401
    code = "signature_missing"


class SignatureInvalid(KupecError):
    """The signature does not hold: {reason}."""

    status = 401
    code = "signature_invalid"


class SignatureTooOld(SignatureInvalid):
    """The signature was made at another time than now. Sign the request anew, and check your clock."""


class SignatureReplayed(SignatureInvalid):
    """This signature has been used already. Sign each request anew."""


class KeyNotFound(KupecError):
    """The key {kid} is not among those that the profile {profile} publishes."""

    status = 401
    code = "key_not_found"


class DigestMismatch(KupecError):
    """The body is not the one that Content-Digest was made of."""

    status = 400
    code = "digest_mismatch"


class AlgorithmUnsupported(KupecError):
    """Signatures of this key's kind are not understood here; ES256 is."""

    status = 400
    code = "algorithm_unsupported"


class ProfileForbidden(KupecError):
    """A profile is fetched from public https addresses only, and this is none."""

    status = 400
    code = "invalid_profile_url"


class ProfileUnreachable(KupecError):
    """The profile {profile} could not be fetched ({reason}). Try again in a while."""

    status = 424
    code = "profile_unreachable"


class ProfileMalformed(KupecError):
    """The profile {profile} is not one of this protocol."""

    status = 422
    code = "profile_malformed"
