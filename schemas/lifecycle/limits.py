"""How many days each clock runs: data/clocks.csv, read. Which event starts or stops one is in the folds."""

from __future__ import annotations

from typing import Final

from schemas.shipped import rows

_DAYS = {row["clock"]: int(row["days"]) for row in rows("clocks")}

PRE_REVIEW: Final = _DAYS["pre_review"]
ACCEPTANCE: Final = _DAYS["acceptance"]
SUPPLEMENT: Final = _DAYS["supplement"]
"""The only one in natural days, and the only one an item may set for itself (supplement_days of its copy)."""
EXTENSION: Final = _DAYS["extension"]
DELIVERY: Final = _DAYS["delivery"]
JOINT: Final = _DAYS["joint"]
JOINT_EXTENSION: Final = _DAYS["joint_extension"]
ERRAND_RESPONSE: Final = _DAYS["errand_response"]
ERRAND_SUBMIT: Final = _DAYS["errand_submit"]
ERRAND_TOLD: Final = _DAYS["errand_told"]
ERRAND_HAND_OVER: Final = _DAYS["errand_hand_over"]
AMENDMENT: Final = _DAYS["amendment"]
COMPLAINT: Final = _DAYS["complaint"]
