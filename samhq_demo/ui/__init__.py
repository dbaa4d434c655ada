"""The page and its endpoints: the only code that imports gradio."""
