"""What can be wrong with a flow as a whole; what is wrong inside its text are problems with a path and a line."""

from kupec.kit.errors import KupecError


class FlowNotReady(KupecError):
    """This flow cannot be published yet: {problem}"""

    status = 422
    code = "flow_not_ready"
