"""Pure functions on arrays and tables. No file, no network, no clock; the only memory is what the caller passes."""
