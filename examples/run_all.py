"""Run every example, or those named, each in an interpreter of its own, and stop at the first that fails."""

import subprocess
import sys
import time
from pathlib import Path


def main(names):
    """Run the examples called ``names``, or all of them."""
    folder = Path(__file__).resolve().parent
    scripts = [folder / name for name in names] or sorted(folder.glob("plot_*.py"))
    if not scripts:
        sys.exit(f"no plot_*.py in {folder}")
    for script in scripts:
        print(f"{script.name} ...", flush=True)
        start = time.perf_counter()
        status = subprocess.run([sys.executable, script]).returncode
        if status:
            sys.exit(f"{script.name} failed with exit status {status}")
        print(f"{script.name} ran in {time.perf_counter() - start:.0f} s\n", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
