"""Frame in, frame out: the stages of the pipeline."""
