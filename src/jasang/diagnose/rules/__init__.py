"""One file per finding rule: its check and its text in both languages. Registered by one line in `diagnose/catalog.py`."""
