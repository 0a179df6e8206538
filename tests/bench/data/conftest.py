"""Makes `originals` importable by the tests beside it, whatever else pytest collects."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
