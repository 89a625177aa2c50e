"""What other packages and papers call our options and their values."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["LEAVES_OUT", "as_written", "ours"]

# Ours -> the others' names, in small letters and digits alone; one name may stand for several of ours.
NAMES = {
    "knha": "hksj hartungknapp hartungknappsidikjonkman knapphartung hk kh sidikjonkman",
    "adhoc": "hkadhoc modifiedhartungknapp modifiedknapphartung mkh hksjadhoc",
    "z": "wald normal standardnormal zdist",
    "t": "tdist student studentt",
    "REML": "restrictedmaximumlikelihood random randomeffects",
    "DL": "dersimonianlaird dersimonian moment",
    "PM": "paulemandel mandelpaule mp",
    "ML": "maximumlikelihood",
    "EE": "fe fixed fixedeffect fixedeffects commoneffect common ce equaleffects equaleffect",
    "HE": "hedges hedgesolkin ca",
    "HS": "hunterschmidt schmidthunter",
    "EB": "empiricalbayes morris",
    "SJ": "sidikjonkman",
    "SMD": "g d hedgesg cohensd smdh standardizedmeandifference standardisedmeandifference",
    "MD": "meandifference wmd rawmeandifference",
    "OR": "oddsratio logor logoddsratio",
    "RR": "riskratio relativerisk logrr",
    "RD": "riskdifference ard",
    "ROM": "ratioofmeans lnrr responseratio",
    "q-profile": "qp profile viechtbauer",
    "three-level": "threelevel 3level multilevel nested",
    "che": "correlatedhierarchical correlatedandhierarchical rve robust cr2",
    "aggregate": "average mean combine combined composite",
    "one-per-trial": "first single onepertrial oneperstudy",
    "level": "conf conflevel confidence confidencelevel cilevel levelma levelci",
    "method": "estimator methodtau tau2method tau2estimator tauestimator",
    "test": "inference cimethod methodrandomci hakn methodci",
    "measure": "sm effectmeasure",
    "vi": "variance var v variances",
    "yi": "effect te effects",
    "labels": "slab studlab studlabels studynames",
    "cluster": "clusters studyid clusterid",
    "by": "byvar subgroup subgroups groupby strata stratify group",
    "rho": "r correlation cor icc",
    "formula": "mods moderators",
    "margin": "sesoi delta eqbounds equivalencebound bounds",
    "margins": "margin rope sesoi",
    "prediction": "pi predictioninterval addpred",
    "title": "main header",
}
LEAVES_OUT = {
    "drop",
    "exclude",
    "excluded",
    "ignore",
    "leaveout",
    "omit",
    "remove",
    "skip",
    "subset",
    "without",
}
BY_OTHER = {
    name: [ours for ours, names in NAMES.items() if name in names.split()]
    for name in {name for names in NAMES.values() for name in names.split()}
}


def ours(word: object, known: Iterable[str]) -> str:
    """The one of the known words that others call so; "" where there is none.

    Examples
    --------
    >>> ours("DerSimonian-Laird", ["REML", "DL"]), ours("HKSJ", ["z", "t", "knha"])
    ('DL', 'knha')
    """
    plain = re.sub(r"[^a-z0-9]", "", str(word).lower())
    words = set(known)
    return next((name for name in BY_OTHER.get(plain, ()) if name in words), "")


def as_written(word: object, known: Iterable[str]) -> str:
    """The known word that differs in capitals, blanks, hyphens and underscores alone; else the word itself.

    Examples
    --------
    >>> as_written("General symptoms", ["depression", "general_symptoms"]), as_written("g", ["G", "g"])
    ('general_symptoms', 'g')
    """
    words = list(known)
    if word in words or not isinstance(word, str):
        return word  # pyright: ignore[reportReturnType]
    alike = [name for name in words if _plain(name) == _plain(word)]
    return alike[0] if len(alike) == 1 else word


def _plain(word: str) -> str:
    return re.sub(r"[\s_-]+", " ", word).strip().casefold()
