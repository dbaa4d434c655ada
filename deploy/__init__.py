"""What a Space gets that this repository does not have as it is."""
