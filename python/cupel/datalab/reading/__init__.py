"""Ways to hold or store examples, read into columns."""
