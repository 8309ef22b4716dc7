"""Messy workbooks to try the pipeline on, made from a seed, with the truth about them."""
