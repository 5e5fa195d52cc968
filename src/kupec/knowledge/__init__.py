"""What the shop knows and how it says it: articles, wordings, retrieval."""

from kupec.knowledge.answers import VARIABLE, fill, variables_in, wording
from kupec.knowledge.checks import CHANNELS, Signatures, check_publishable
from kupec.knowledge.csv_form import read_csv, write_csv
from kupec.knowledge.drafts import Read, slug_of
from kupec.knowledge.errors import AddressTaken, ArticleUnfit, NothingToPublish, SourceUnreachable
from kupec.knowledge.finding import Index, current_index, hit_of, search
from kupec.knowledge.helpfulness import vote_helpful
from kupec.knowledge.html_form import fingerprint, read_html
from kupec.knowledge.importing import ImportedArticle, import_articles
from kupec.knowledge.markdown_form import read_markdown, write_markdown
from kupec.knowledge.meaning import Encoded
from kupec.knowledge.models import (
    Answer,
    Article,
    ArticleDraft,
    ArticleText,
    Finding,
    Hit,
    Phrasing,
    PublishedArticle,
    State,
    Variable,
    Version,
)
from kupec.knowledge.phrasings import add_phrasing, learnt_phrasings, remove_phrasing, training_phrases
from kupec.knowledge.policy import KNOWLEDGE, Category, Knowledge
from kupec.knowledge.privacy import privacy_part
from kupec.knowledge.reading import (
    ArticleLine,
    ChangedSource,
    article_at,
    article_counts,
    articles_by_codes,
    changed_sources,
    get_article,
    list_articles,
    list_versions,
    published_articles,
)
from kupec.knowledge.retrieval import LanguageIndex, Source
from kupec.knowledge.sources import Looked, check_sources, settle_source
from kupec.knowledge.writing import (
    drop_draft,
    publish_article,
    retire_article,
    roll_back_article,
    save_article,
    send_back_article,
    submit_article,
)

__all__ = [
    "CHANNELS",
    "KNOWLEDGE",
    "VARIABLE",
    "AddressTaken",
    "Answer",
    "Article",
    "ArticleDraft",
    "ArticleLine",
    "ArticleText",
    "ArticleUnfit",
    "Category",
    "ChangedSource",
    "Encoded",
    "Finding",
    "Hit",
    "ImportedArticle",
    "Index",
    "Knowledge",
    "LanguageIndex",
    "Looked",
    "NothingToPublish",
    "Phrasing",
    "PublishedArticle",
    "Read",
    "Signatures",
    "Source",
    "SourceUnreachable",
    "State",
    "Variable",
    "Version",
    "add_phrasing",
    "article_at",
    "article_counts",
    "articles_by_codes",
    "changed_sources",
    "check_publishable",
    "check_sources",
    "current_index",
    "drop_draft",
    "fill",
    "fingerprint",
    "get_article",
    "hit_of",
    "import_articles",
    "learnt_phrasings",
    "list_articles",
    "list_versions",
    "privacy_part",
    "publish_article",
    "published_articles",
    "read_csv",
    "read_html",
    "read_markdown",
    "remove_phrasing",
    "retire_article",
    "roll_back_article",
    "save_article",
    "search",
    "send_back_article",
    "settle_source",
    "slug_of",
    "submit_article",
    "training_phrases",
    "variables_in",
    "vote_helpful",
    "wording",
    "write_csv",
    "write_markdown",
]
