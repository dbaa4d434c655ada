"""Files for download, made from the objects on the screen."""
