"""A study is carried out: its searches, tests and controls, to the end or from a stop."""
