"""Numbers behind the claims about psychodynamic therapy: sourced, recomputable, drawn.

    import pdt_evidence as pdt
    print(pdt.synthesize(pdt.trials(comparison="pdt_vs_control")).summary())

The bundled evidence
    trials reviews members claims statements sources coverage
Evidence of your own
    read_trials read_revman read_metapsy read_studies import_file template
Effects
    effect_sizes aggregate_rows
Pooling
    synthesize pool pool_many pool_multilevel pool_multilevel_many pool_bayes henmi_copas
    pool_multivariate vcalc
    PooledEffect Synthesis
Priors of pool_bayes
    HalfNormal HalfCauchy Uniform LogNormal LogT turner rhodes
What effects vary with
    metareg compare_subgroups moderators follow_up model_windows model_strata
What a new trial changes
    compare what_if
How far a result holds
    sensitivity pre_post_sensitivity multiverse leave_one_out influence cumulative
    gosh audit
    bias regression_test rank_test trim_and_fill pet_peese selection_model
    publication_sensitivity p_uniform limit_meta
Equivalence and networks
    equivalence STEINERT_2017 CUIJPERS_2014 network networks pdt_against_cbt
What an effect means
    absolute power information_size findings
Claims
    check_claims ClaimReport Rules published_results
Figures
    forest forest_pages summary_forest trajectory network_plot network_funnel
    orchard drapery funnel radial baujat bias_summary traffic_lights gosh_plot
    bubble tau2_profile pictograph power_curve equivalence_plot s_value_curve
    selection_function update_plot specification_curve
    alt_text to_table save
Everything at once
    report export prisma_flow
Errors
    EvidenceError EvidenceWarning

An effect above 0 favours arm 1, which is psychodynamic therapy in all bundled evidence.
`help(pdt.synthesize)` and so on say more.
"""

# Each name is loaded when first used, so that `import pdt_evidence` costs next to nothing; types: `__init__.pyi`.

from __future__ import annotations

from importlib import import_module
from typing import Any

from pdt_evidence.figures.registry import FIGURES

_HOMES = {
    "errors": ["EvidenceError", "EvidenceWarning"],
    "evidence.tables": ["claims", "members", "reviews", "sources", "statements"],
    "evidence.coverage": ["coverage"],
    "evidence.readers": [
        "import_file",
        "read_metapsy",
        "read_revman",
        "read_studies",
        "read_trials",
        "template",
    ],
    "effects.trials": ["trials"],
    "effects.table": ["effect_sizes"],
    "effects.per_trial": ["aggregate_rows"],
    "results": ["PooledEffect", "Synthesis"],
    "analysis.pooled.pooling": ["henmi_copas", "pool", "pool_many"],
    "analysis.synthesis": ["synthesize"],
    "analysis.pooled.multilevel": ["pool_multilevel"],
    "analysis.pooled.multilevel_many": ["pool_multilevel_many"],
    "analysis.pooled.multivariate": ["pool_multivariate"],
    "analysis.pooled.sampling": ["vcalc"],
    "analysis.regression.metaregression": ["metareg"],
    "analysis.regression.subgroups": ["compare_subgroups"],
    "analysis.pooled.bayes": [
        "HalfCauchy",
        "HalfNormal",
        "LogNormal",
        "LogT",
        "Uniform",
        "pool_bayes",
        "rhodes",
        "turner",
    ],
    "analysis.robustness.influence": ["influence", "leave_one_out"],
    "analysis.robustness.cumulative": ["cumulative"],
    "analysis.robustness.gosh": ["gosh"],
    "analysis.bias.asymmetry": ["rank_test", "regression_test", "trim_and_fill"],
    "analysis.bias.limits": ["limit_meta", "p_uniform"],
    "analysis.bias.overview": ["bias"],
    "analysis.bias.pet_peese": ["pet_peese"],
    "analysis.bias.selection": ["selection_model"],
    "analysis.bias.sensitivity": ["publication_sensitivity"],
    "analysis.multiverse.multiverse": ["multiverse"],
    "analysis.as_revman.audit": ["audit"],
    "analysis.robustness.dependence": ["sensitivity"],
    "analysis.robustness.pre_post": ["pre_post_sensitivity"],
    "analysis.regression.moderators": ["moderators"],
    "analysis.over_time.follow_up": ["follow_up"],
    "analysis.over_time.strata": ["model_strata"],
    "analysis.over_time.windows": ["model_windows"],
    "analysis.conclusions.margins": ["CUIJPERS_2014", "STEINERT_2017"],
    "analysis.conclusions.equivalence": ["equivalence"],
    "analysis.meaning.absolute": ["absolute"],
    "analysis.meaning.findings": ["findings"],
    "analysis.meaning.information": ["information_size"],
    "analysis.meaning.power": ["power"],
    "analysis.networks.network": ["network"],
    "analysis.networks.comparison": ["networks", "pdt_against_cbt"],
    "figures": ["alt_text", "forest_pages", "save", "to_table", *FIGURES],
    "verdicts": ["ClaimReport", "Rules", "check_claims"],
    "verdicts.recompute": ["published_results"],
    "reporting": ["report"],
    "analysis.updates.what_if": ["what_if"],
    "reporting.compare": ["compare"],
    "reporting.export": ["export"],
    "reporting.prisma": ["prisma_flow"],
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)  # pyright: ignore[reportUnsupportedDunderAll]
__version__ = "0.2.0"


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        from pdt_evidence.errors import did_you_mean

        hint = did_you_mean(name, __all__)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}.{hint}")
    from pdt_evidence.garbage import collected_seldom

    with collected_seldom():
        value = getattr(import_module(f"{__name__}.{_HOME_OF[name]}"), name)
    globals()[name] = value  # the next look-up does not come here
    return value


def __dir__() -> list[str]:
    """What completion offers: the public names, and Python's own, but no module, import or helper."""
    return [*__all__, *(name for name in globals() if name.startswith("__"))]
