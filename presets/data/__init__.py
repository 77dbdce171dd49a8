"""Checks and encodings of X and y."""
