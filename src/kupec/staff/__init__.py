"""The people who work on the desk: accounts, roles and what they permit, signing in and out."""

from kupec.staff.accounts import change_password, create_staff, list_staff, set_language, staff_names
from kupec.staff.demo import DEMO_SIGN_INS, DemoSignIn, create_demo_staff
from kupec.staff.errors import (
    EmailTaken,
    NotAnEmail,
    PasswordIsEmail,
    PasswordTooShort,
    SignInBlocked,
    WrongCredentials,
)
from kupec.staff.events import LanguageChanged, PasswordChanged, StaffCreated, StaffSignedIn, StaffSignedOut
from kupec.staff.models import PERMISSIONS, ROLES, Role, SignedIn, Staff
from kupec.staff.sessions import SESSION_LIFE, forget_expired, sign_in, sign_out, staff_by_token

__all__ = [
    "DEMO_SIGN_INS",
    "PERMISSIONS",
    "ROLES",
    "SESSION_LIFE",
    "DemoSignIn",
    "EmailTaken",
    "LanguageChanged",
    "NotAnEmail",
    "PasswordChanged",
    "PasswordIsEmail",
    "PasswordTooShort",
    "Role",
    "SignInBlocked",
    "SignedIn",
    "Staff",
    "StaffCreated",
    "StaffSignedIn",
    "StaffSignedOut",
    "WrongCredentials",
    "change_password",
    "create_demo_staff",
    "create_staff",
    "forget_expired",
    "list_staff",
    "set_language",
    "sign_in",
    "sign_out",
    "staff_by_token",
    "staff_names",
]
