"""Pure functions from shapes and numbers to Keras models."""
