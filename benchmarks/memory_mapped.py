"""Anonymous memory that a fit needs beside a memory-mapped X larger than any budget: 4 GB of float32, one epoch.

The file is written first, to a temporary folder. A thread reads RssAnon, which leaves the mapped pages out, from /proc
(Linux only) twenty times a second.
"""

import argparse
import tempfile
import threading
from pathlib import Path

import numpy as np
from timing import print_environment

N_FEATURES = 1024
BLOCK = 16_384


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gigabytes", type=float, default=4.0)
    parser.add_argument("--folder", help="where to write the file; the system's temporary folder by default")
    options = parser.parse_args()

    from presets import DNNClassifier

    print_environment()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        X, y = write_data(Path(folder, "X.dat"), int(options.gigabytes * 1e9 / (4 * N_FEATURES)))
        DNNClassifier(epochs=1, random_state=0).fit(X[:1000], y[:1000])  # imports, thread pools
        before = anonymous_memory()
        peak = Peak()
        network = DNNClassifier(epochs=1, random_state=0)
        with peak:
            network.fit(X, y)
        print(f"X: {X.shape[0]} rows, {X.nbytes / 1e9:.1f} GB in a file")
        print(f"RssAnon before the fit {before:.0f} MB, at most {peak.value:.0f} MB: {peak.value - before:.0f} MB more")
        print(f"validation loss {network.history_['val_loss'][-1]:.3f} (chance: {np.log(2):.3f})")


def write_data(path, n_rows):
    """Standard normal columns in a memory-mapped file, and the sign of the sum of the first eight."""
    X = np.memmap(path, dtype="float32", mode="w+", shape=(n_rows, N_FEATURES))
    y = np.empty(n_rows, dtype=int)
    rng = np.random.default_rng(0)
    for start in range(0, n_rows, BLOCK):
        block = rng.standard_normal((min(BLOCK, n_rows - start), N_FEATURES), dtype="float32")
        X[start : start + BLOCK] = block
        y[start : start + BLOCK] = block[:, :8].sum(axis=1) > 0
    X.flush()
    return np.memmap(path, dtype="float32", mode="r", shape=(n_rows, N_FEATURES)), y


class Peak:
    """Context that notes the largest anonymous memory."""

    def __enter__(self):
        self.value, self._over = 0.0, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *error):
        self._over.set()
        self._thread.join()

    def _watch(self):
        while not self._over.wait(0.05):
            self.value = max(self.value, anonymous_memory())


def anonymous_memory():
    """RssAnon of this process in MB."""
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:")) / 1024


if __name__ == "__main__":
    main()
