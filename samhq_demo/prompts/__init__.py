"""What is asked: prompts, the earlier prompts that they refine, and all of one request."""
