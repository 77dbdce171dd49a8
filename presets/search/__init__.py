"""Searches over the estimators with Keras Tuner."""
