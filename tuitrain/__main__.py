"""``python -m tuitrain`` is the command ``tuitrain``."""

import sys

from tuitrain.cli import main

sys.exit(main())
