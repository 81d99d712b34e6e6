"""Which parameters would explain the data: posteriors, and whether they can be believed."""
