"""Start Keras's backend without TensorFlow's lines on standard error, for scripts that print for readers.

TensorFlow writes some of them during its import, even with the highest log level. So this script redirects the standard
error of the whole process during the import. A script may do this; a library should not.
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
