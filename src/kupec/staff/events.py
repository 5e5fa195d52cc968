"""What the log says about the people on the desk: roles and ids, never names or addresses."""

from uuid import UUID

from kupec.kit.events import Payload
from kupec.staff.models import Role


class StaffCreated(Payload, frozen=True, kw_only=True):
    """Somebody new works on the desk."""

    name = "staff.created"
    role: Role


class StaffSignedIn(Payload, frozen=True, kw_only=True):
    """Somebody opened the desk."""

    name = "staff.signed_in"


class StaffSignedOut(Payload, frozen=True, kw_only=True):
    """Somebody closed the desk."""

    name = "staff.signed_out"


class PasswordChanged(Payload, frozen=True, kw_only=True):
    """A password was changed, and all sessions opened with the old one were ended."""

    name = "staff.password_changed"
    sessions_ended: int


class LanguageChanged(Payload, frozen=True, kw_only=True):
    """Somebody's desk speaks another language now."""

    name = "staff.language_changed"
    language: str


def subject(staff_id: UUID) -> str:
    """The subject under which a staff member's events stand."""
    return f"staff:{staff_id}"
