"""Numbers behind the claims about psychodynamic therapy: sourced, recomputable, drawn.

The names below are all there is to know; each is loaded when first used, so that
`import pdt_evidence` costs next to nothing. Their types are in `__init__.pyi`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "errors": ["EvidenceError", "EvidenceWarning"],
    "evidence.tables": ["claims", "members", "reviews", "sources"],
    "evidence.coverage": ["coverage"],
    "evidence.readers": ["import_file", "read_metapsy", "read_revman", "read_trials", "template"],
    "effects.trials": ["trials"],
    "effects.table": ["effect_sizes"],
    "results": ["PooledEffect", "Synthesis"],
    "analysis.pooling": ["henmi_copas", "pool", "pool_many"],
    "analysis.synthesis": ["synthesize"],
    "analysis.multilevel": ["pool_multilevel"],
    "analysis.metaregression": ["metareg"],
    "analysis.subgroups": ["compare_subgroups"],
    "analysis.bayes": ["HalfCauchy", "HalfNormal", "LogNormal", "LogT", "Uniform", "pool_bayes", "rhodes", "turner"],
    "analysis.influence": ["influence", "leave_one_out"],
    "analysis.cumulative": ["cumulative"],
    "analysis.gosh": ["gosh"],
    "analysis.audit": ["audit"],
    "analysis.equivalence": ["equivalence"],
    "analysis.network": ["network"],
    "figures": [
        "alt_text",
        "baujat",
        "bias_summary",
        "drapery",
        "forest",
        "forest_pages",
        "funnel",
        "gosh_plot",
        "network_plot",
        "orchard",
        "radial",
        "save",
        "summary_forest",
        "tau2_profile",
        "to_table",
        "trajectory",
    ],
    "verdicts": ["ClaimReport", "check_claims"],
    "reporting": ["report"],
    "reporting.export": ["export"],
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)  # pyright: ignore[reportUnsupportedDunderAll]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value  # the next look-up does not come here
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME_OF])
