"""What is said before a study is run: its plan, and the contrasts that it will be judged by."""
