"""What was declared before a study was run, and what came of it."""
