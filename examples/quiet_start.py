"""Start Keras's backend without TensorFlow's lines on standard error, for scripts that print for readers.

TensorFlow writes some of them while it is imported, whatever its log level is. So the standard error of the whole
process is closed for these seconds, which is for a script to do, not for a library.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
standard_error, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
os.dup2(nowhere, 2)
try:
    import keras  # noqa: F401
finally:
    os.dup2(standard_error, 2)
    os.close(standard_error)
    os.close(nowhere)
