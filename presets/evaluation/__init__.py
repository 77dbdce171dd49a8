"""Evaluation on rows that an estimator has not seen: folds, repeated runs, other seeds."""
