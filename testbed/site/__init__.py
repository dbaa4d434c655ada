"""On PYTHONPATH of the programs that tests start: what Python looks for there as it starts."""
