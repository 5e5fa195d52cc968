"""What the shop knows and how it says it: articles, wordings, retrieval."""
