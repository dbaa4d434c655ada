"""Files that people take away, made of the objects on the screen."""
