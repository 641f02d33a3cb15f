"""Store and forward: readings wait in a spool on the collector's disk until a receiver far away has made them durable."""
