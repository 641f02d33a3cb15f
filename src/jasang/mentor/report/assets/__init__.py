"""Script and style of the charts, shipped with the package: factories are often offline."""
