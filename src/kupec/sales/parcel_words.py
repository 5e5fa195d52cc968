"""What carriers say of a parcel, in words."""

from kupec.kit.i18n import mark as _

TRACKING_WORDS = {
    "announced": _("The carrier expects it"),
    "accepted": _("The carrier has taken it over"),
    "in_transit": _("It is on its way"),
    "out_for_delivery": _("It is out for delivery"),
    "attempted": _("The carrier came and met nobody"),
    "at_point": _("It waits at the point"),
    "returning": _("It is on its way back to us"),
    "delivered": _("It was delivered"),
    "returned": _("It came back to us"),
}
