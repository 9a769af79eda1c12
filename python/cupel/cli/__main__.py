"""``python -m cupel.cli``, where the script ``cupel`` is not on the path."""

import sys

from cupel.cli import main

sys.exit(main())
