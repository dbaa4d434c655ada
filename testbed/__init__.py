"""What tests and benchmarks share: random checkpoints, the official code, the running app, a person at it."""
