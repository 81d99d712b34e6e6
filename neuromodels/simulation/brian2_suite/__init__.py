"""Brian2's own tests as the judge of the batch device."""
