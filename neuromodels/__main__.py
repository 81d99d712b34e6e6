"""``python -m neuromodels``: the command line."""

import sys

from neuromodels.cli import main

if __name__ == "__main__":
    sys.exit(main())
