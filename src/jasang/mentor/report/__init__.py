"""The printed report: one self-contained page with charts. The script that draws them (`assets/`) also serves the portal."""
