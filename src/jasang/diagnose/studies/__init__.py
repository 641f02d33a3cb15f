"""Numbers of an analysis put into a study: words in both languages, charts and tables. One file a topic."""
