"""One file (or folder) per protocol."""
