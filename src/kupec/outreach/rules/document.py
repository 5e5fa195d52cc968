"""The kind of versioned document that rules are kept in."""

from kupec.kit.versions import Kind
from kupec.outreach.rules.models import Rules, check_rules

RULES = Kind("rules", Rules, default=Rules, check=check_rules)
