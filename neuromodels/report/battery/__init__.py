"""What the battery of cognitive values says, for a terminal and for a spreadsheet."""
