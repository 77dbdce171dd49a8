"""What every test needs before a backend starts."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
