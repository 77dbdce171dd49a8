"""How good an estimator is on rows that it has not seen: folds, repeated runs, other seeds."""
