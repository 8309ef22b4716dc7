"""One definition a dataset: the row model from which every other form is derived."""
