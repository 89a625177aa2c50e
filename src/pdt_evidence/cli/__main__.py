"""`python -m pdt_evidence.cli` is `pdt-evidence`."""

import sys

from pdt_evidence.cli.run import main

sys.exit(main())
