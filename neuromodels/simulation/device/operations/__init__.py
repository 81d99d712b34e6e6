"""Python code of the user that runs between the parts of a step."""
