"""Independent reference implementations: numpy and formulas, nothing of the package."""
