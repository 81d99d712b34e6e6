"""What a publication that used a run, a rule or a task should cite."""
