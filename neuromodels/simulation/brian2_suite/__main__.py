"""``python -m neuromodels.simulation.brian2_suite``: see `suite`."""

import sys

from neuromodels.simulation.brian2_suite.suite import main

if __name__ == "__main__":
    sys.exit(main())
