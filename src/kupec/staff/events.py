"""What the log says about the people on the desk: roles and ids, never names or addresses."""

from uuid import UUID

from kupec.kit.events import Payload
from kupec.staff.models import Role


class StaffCreated(Payload, frozen=True, kw_only=True):
    """Somebody new works on the desk."""

    name = "staff.created"
    role: Role


class StaffSignedIn(Payload, frozen=True, kw_only=True):
    """Somebody opened the desk. `method`: "password", "code", "recovery_code" or "passkey", the last step of it."""

    name = "staff.signed_in"
    method: str = "password"


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


class ZoneChanged(Payload, frozen=True, kw_only=True):
    """Somebody works by another clock now; None for the shop's."""

    name = "staff.zone_changed"
    zone: str | None


class CalendarOpened(Payload, frozen=True, kw_only=True):
    """A new address was made for somebody's calendar; the one before is void."""

    name = "staff.calendar_opened"


class CalendarEnded(Payload, frozen=True, kw_only=True):
    """The address of somebody's calendar answers no more."""

    name = "staff.calendar_ended"


class RoleChanged(Payload, frozen=True, kw_only=True):
    """Somebody may do other things now."""

    name = "staff.role_changed"
    before: Role
    after: Role


class StaffDeactivated(Payload, frozen=True, kw_only=True):
    """Somebody has left, and all their sessions were ended."""

    name = "staff.deactivated"
    sessions_ended: int


class StaffReactivated(Payload, frozen=True, kw_only=True):
    """Somebody is back."""

    name = "staff.reactivated"


class StaffInvited(Payload, frozen=True, kw_only=True):
    """A link was made with which somebody sets their own password, once."""

    name = "staff.invited"


class SecondFactorAdded(Payload, frozen=True, kw_only=True):
    """Somebody set up a second step. `kind`: "app" or "passkey"."""

    name = "staff.second_factor_added"
    kind: str


class SecondFactorRemoved(Payload, frozen=True, kw_only=True):
    """A second step was removed. `kind`: "app" or "passkey"."""

    name = "staff.second_factor_removed"
    kind: str


class SecondFactorReset(Payload, frozen=True, kw_only=True):
    """All of somebody's second steps were removed by an owner, and their sessions ended."""

    name = "staff.second_factor_reset"
    sessions_ended: int


class RecoveryCodesMade(Payload, frozen=True, kw_only=True):
    """Somebody got new recovery codes; the old ones are void."""

    name = "staff.recovery_codes_made"


class SessionsEnded(Payload, frozen=True, kw_only=True):
    """Somebody signed out in other browsers."""

    name = "staff.sessions_ended"
    sessions_ended: int


class RulesChanged(Payload, frozen=True, kw_only=True):
    """What holds for everybody on the desk was changed."""

    name = "staff.rules_changed"
    two_factor_required: bool


class ViewSaved(Payload, frozen=True, kw_only=True):
    """A list's filters were kept under a name."""

    name = "view.saved"
    place: str
    shared: bool


class ViewRemoved(Payload, frozen=True, kw_only=True):
    """A saved view was removed."""

    name = "view.removed"
    place: str


def subject(staff_id: UUID) -> str:
    """The subject under which a staff member's events stand."""
    return f"staff:{staff_id}"
