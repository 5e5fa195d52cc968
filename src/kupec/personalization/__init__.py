"""Personalization: who belongs to which segment, by what they are and what they do."""

from kupec.personalization.events import SegmentRemoved, SegmentSaved
from kupec.personalization.fields import BY_CODE, FIELDS, Field
from kupec.personalization.filtering import check_filter, count_fitting, fit_among, fitting
from kupec.personalization.models import Condition, Filter, Operator, Segment
from kupec.personalization.privacy import privacy_part
from kupec.personalization.segments import (
    get_segment,
    in_segment,
    list_segments,
    refresh_segments,
    remove_segment,
    save_segment,
    segment_members,
)
from kupec.personalization.stats import CustomerStats, stats_of, sum_up
from kupec.personalization.stats import subscriber as stats_subscriber

__all__ = [
    "BY_CODE",
    "FIELDS",
    "Condition",
    "CustomerStats",
    "Field",
    "Filter",
    "Operator",
    "Segment",
    "SegmentRemoved",
    "SegmentSaved",
    "check_filter",
    "count_fitting",
    "fit_among",
    "fitting",
    "get_segment",
    "in_segment",
    "list_segments",
    "privacy_part",
    "refresh_segments",
    "remove_segment",
    "save_segment",
    "segment_members",
    "stats_of",
    "stats_subscriber",
    "sum_up",
]
