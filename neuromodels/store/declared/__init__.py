"""Whether a run was declared: its plan, and the commits that hold it."""
