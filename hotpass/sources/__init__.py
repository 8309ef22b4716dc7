"""Files as people keep them, read into frames with the place of every row."""
