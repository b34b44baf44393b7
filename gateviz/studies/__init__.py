"""Questions put to a whole corpus, one folder each, over one runner (``corpus``) and one document (``page``)."""
