"""What can be wrong with articles."""

from kupec.kit.errors import KupecError


class ArticleUnfit(KupecError):
    """The article cannot be published: {reason} ({field})."""

    status = 422
    code = "article_unfit"


class NothingToPublish(KupecError):
    """There is no draft of this article. Change something first, or choose an older version."""

    status = 409
    code = "nothing_to_publish"


class AddressTaken(KupecError):
    """Another article has the address “{slug}”. Nothing was saved. Choose another one."""

    status = 409
    code = "address_taken"


class SourceUnreachable(KupecError):
    """The page could not be read: {reason}"""

    status = 502
    code = "source_unreachable"
