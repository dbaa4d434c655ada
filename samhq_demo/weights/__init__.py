"""Where checkpoints are: the names they go by, folders that hold them, and their download. Without torch."""
