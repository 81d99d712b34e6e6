"""Rules that a third factor, the trace of modulatory neurons, gates or steers."""
