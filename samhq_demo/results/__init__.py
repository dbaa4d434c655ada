"""What is answered: comparisons, and the previews before them."""
