"""What comes with a mail: the document it is about, as it was laid out."""

from collections.abc import Mapping
from uuid import UUID

from kupec.billing import document_pdf, get_documents
from kupec.kit.db import Connection
from kupec.kit.mail import Attachment


async def attachments_by_mail(db: Connection, documents: Mapping[UUID, UUID]) -> dict[UUID, Attachment]:
    """By mail id, the file of its document; `documents` is document ids by mail id."""
    if not documents:
        return {}
    known = await get_documents(db, list(documents.values()))
    files = {}
    for mail_id, document_id in documents.items():
        content = await document_pdf(db, document_id)
        if content is not None:
            name = (known[document_id].number or "").replace("/", "-")
            files[mail_id] = Attachment(name=f"{name}.pdf", media_type="application/pdf", content=content)
    return files
