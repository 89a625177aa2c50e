"""Effects, sampling covariance and moderators of the bundled trials, as JSON for moderators.R.

cd tests/reference; PYTHONPATH=../../src python moderators.py | Rscript moderators.R > moderators.json
"""

import json

import pdt_evidence as pdt
from pdt_evidence.effects.shared_arms import covariance_blocks
from pdt_evidence.effects.standing import scores_before_events
from pdt_evidence.effects.symptoms import symptom_rows

rows, _ = scores_before_events(symptom_rows(pdt.trials(comparison="pdt_vs_control", follow_up="post")))
columns = ["row_id", "trial_id", "yi", "year", "arm_c", "rating"]
print(json.dumps({"rows": rows[columns].to_dict("list"), "V": covariance_blocks(rows, 0.6).dense().tolist()}))
