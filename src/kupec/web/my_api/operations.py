"""The table of the customer API: every operation with what it takes and answers."""

from typing import Final

from kupec.web.my_api.buying_table import BUYING
from kupec.web.my_api.devices_table import DEVICES
from kupec.web.my_api.machines_table import MACHINES
from kupec.web.my_api.oneself_table import ONESELF

OPERATIONS: Final = (*ONESELF, *BUYING, *DEVICES, *MACHINES)
