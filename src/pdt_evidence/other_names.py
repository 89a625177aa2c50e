"""What other packages and papers call our options and their values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

__all__ = ["LEAVES_OUT", "arms_called", "as_written", "columns_of_others", "field_of_others", "ours"]

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
    "pool": "rma rmauni metagen metaanalysis combineeffects randomeffectsmodel",
    "effect_sizes": "escalc metacont metabin effectsizesmd",
    "pool_multilevel": "rmamv robumeta",
    "regression_test": "regtest metabias egger eggertest",
    "selection_model": "selmodel",
    "leave_one_out": "leave1out metainf",
    "cumulative": "cumul metacum",
    "network": "netmeta",
    "read_trials": "readcsv",
}
# The same for words of options and of cells: what stands in a sentence about a score, a rater, a time.
WORDS = {
    "lower": "low less fewer smaller small lesser decrease decreased decreasing down minus negative lowerisbetter "
    "lowerbetter lowerscores niedrig niedriger weniger kleiner",
    "higher": "high more larger greater bigger increase increased increasing up plus positive higherisbetter "
    "higherbetter higherscores hoch mehr",
    "negative": "lower less left down below minus smaller",
    "positive": "higher greater more right up above plus larger",
    "self": "selfreport selfreported selfrated patient patientreported patientrated client participant questionnaire",
    "clinician": "clinicianrated observer observerrated interviewer interview rater expert blinded therapist assessor",
    "endpoint": "final finalscore finalvalue followup post postscore posttreatment absolute",
    "change": "changescore changefrombaseline gain gains difference diff delta",
    "events": "event count counts binary dichotomous responders response",
    "reported": "asreported printed published given",
    "ok": "yes good fine include included usable valid",
    "disputed": "doubtful questionable unclear uncertain",
    "retracted": "withdrawn",
    "arm 1": "1 first arm1 group1 t treatment intervention experimental e i",
    "arm 2": "2 second arm2 group2 c control comparator comparison",
    "post": "posttreatment postintervention posttest posttherapy end endoftreatment aftertreatment termination "
    "immediate discharge",
    "short": "shortterm",
    "medium": "mediumterm mid midterm middle",
    "long": "longterm",
    "stated": "explicit given",
    "derived": "computed calculated",
    "g": "hedgesg hedges",
    "d": "cohensd cohend cohen",
    "h": "cohensh cohenh",
    "log OR": "logor lnor lor logodds logoddsratio",
    "log RR": "logrr lnrr logriskratio",
    "HR": "hazardratio hazard",
    "end": "posttreatment endoftreatment termination",
    "start": "baseline randomisation randomization beginning begin pretreatment",
    "mean": "average unweighted plainmean",
    "gls": "weighted weighed generalisedleastsquares generalizedleastsquares",
    "off": "no none hide hidden",
    "pdt_vs_control": "pdtvstau pdtvswaitlist pdtvswl pdtvscareasusual control controls tau waitlist",
    "pdt_vs_cbt": "cbt",
}
# The same for what a result has: its fields, and methods that give its numbers. A field that a result does not have is
# no answer: a regression has its numbers in `coefficients`.
FIELDS = {
    "estimate": "b beta est effect es te mean mu coef coefficient params feparams overall pooled g terandom tefixed",
    "se": "stderr std standarderror bse sete seterandom sefe",
    "statistic": "z zval zvalue t tval tvalue tvalues zvalues stat",
    "p": "pval pvalue pvalues pvalrandom",
    "ci[0]": "cilow cilb cil cilower lower low lcl ll lb lowerrandom",
    "ci[1]": "cihigh ciub ciu ciupper upper high ucl ul ub upperrandom",
    "ci": "confint confidenceinterval ci95 interval",
    "pi[0]": "pilow pilb pilower crlb predlow lowerpredict",
    "pi[1]": "pihigh piub piupper crub predhigh upperpredict",
    "pi": "predictioninterval predint pred predict prediction cr",
    "tau2": "tausquared tausq tau2hat",
    "tau2_se": "setau2 setausquared",
    "I2": "i2 isquared isq",
    "H2": "h2 hsquared",
    "Q": "q qe cochransq cochranq",
    "Q_df": "dfq qedf",
    "Q_p": "qep qpval qpvalue pvalq",
    "R2": "r2 rsquared",
    "QE_p": "qep",
    "QM_p": "qmp fpvalue",
    "k": "n nobs kall nstudies ks",
    "weights": "weight w wi wrandom",
    "yi": "y effects",
    "vi": "v variance variances var",
    "labels": "slab studlab studies",
    "coefficients": "b beta coef coefs params feparams betas se bse stderr z zval tval tvalues zvalues pval pvalues "
    "pvalue cilb ciub cilow cihigh lower upper confint ci estimate estimates p",
    "covariance": "vb vcov covparams varcov",
    "log_likelihood": "loglik llf ll fitstats",
    "notes": "warnings",
    "left_out": "excluded dropped removed omitted",
    "to_frame()": "todf todataframe topandas summaryframe dataframe frame df table results estimate se p ci pi tau2 i2 "
    "h2 q k yi vi b beta est pval pvalue cilb ciub cilow cihigh lower upper",
    "to_dict()": "asdict todictionary tojson",
}
# The same for columns of a table of trials.
COLUMN_NAMES = {
    "study": "author authors firstauthor authoryear studyname studylabel studlab slab studyauthor trialname "
    "studie autor autoren erstautor",
    "mean_t": "m1 m1i mean1 mt meane meantreatment meanintervention meanexperimental meanexp meanint",
    "sd_t": "s1 sd1 sd1i sde sdtreatment sdintervention sdexperimental sdexp sdint",
    "n_t": "n1 n1i nt ne ntreatment nintervention nexperimental nexp nint ntreat",
    "mean_c": "m2 m2i mean2 mc meancontrol meancomparison meancomparator meanctrl",
    "sd_c": "s2 sd2 sd2i sdcontrol sdcomparison sdcomparator sdctrl",
    "n_c": "n2 n2i nc ncontrol ncomparison ncomparator nctrl",
    "event_t": "ai events1 event1 evente eventst eventstreatment eventsintervention eventsexperimental eventtreatment",
    "event_c": "events2 event2 eventsc eventscontrol eventscomparison eventcontrol",
    "yi": "es te effect effectsize smd hedgesg cohensd g d lnor logor lnrr logrr",
    "vi": "var variance varyi v",
    "sei": "se sete stderr standarderror seg sed sesmd",
    "ci_low": "lower lowerci cilower cilb lb ll lci cil lowerlimit lowercl",
    "ci_high": "upper upperci ciupper ciub ub ul uci ciu upperlimit uppercl",
    "outcome": "endpoint domain outcomename outcomedomain construct",
    "months_since_end": "month months followupmonths fumonths monthsfollowup monthsafterend",
    "instrument": "scale questionnaire tool outcomemeasure",
    "arm_t_label": "treatment intervention experimental group1 arm1 treatment1",
    "arm_c_label": "control comparator group2 arm2 treatment2",
    "year": "yr pubyear publicationyear yearofpublication",
}
# A sheet with a column for each number of each arm, "M_pdt", "SD_cbt" or "n (waitlist)": the words of both.
ARM_WORDS = {
    "t": "pdt pdp stpp ltpp istdp psychodynamic psychodynamictherapy",
    "c": "cbt tau cau gpcau wl wlc waitlist waitinglist waitinglistcontrol treatmentasusual careasusual usualcare pill "
    "placebo medication meds supportive activecontrol",
}
ABBREVIATED = {
    "pdt",
    "pdp",
    "stpp",
    "ltpp",
    "istdp",
    "cbt",
    "dbt",
    "ipt",
    "act",
    "emdr",
    "tau",
    "cau",
    "wl",
    "wlc",
}
NUMBER_WORDS = {"mean": "m mean", "sd": "sd s", "n": "n total", "event": "event events responders"}
for _arm, _words in ARM_WORDS.items():
    for _number, _names in NUMBER_WORDS.items():
        _pairs = [(word, name) for word in _words.split() for name in _names.split()]
        _both = " ".join(f"{name}{word} {word}{name}" for word, name in _pairs)
        COLUMN_NAMES[f"{_number}_{_arm}"] += f" {_both}"
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
EVERY = [*WORDS.items(), *NAMES.items()]  # the first that is known is meant
BY_OTHER: dict[str, list[str]] = {}
BY_FIELD: dict[str, list[str]] = {}
for _every, _by in ((EVERY, BY_OTHER), (FIELDS.items(), BY_FIELD)):
    for _ours, _names in _every:
        for _name in dict.fromkeys(_names.split()):
            _by.setdefault(_name, []).append(_ours)


def ours(word: object, known: Iterable[str]) -> str:
    """The one of the known words that others call so; "" where there is none.

    Examples
    --------
    >>> ours("DerSimonian-Laird", ["REML", "DL"]), ours("HKSJ", ["z", "t", "knha"])
    ('DL', 'knha')
    """
    plain = _bare(str(word))
    words = set(known)
    return next((name for name in BY_OTHER.get(plain, ()) if name in words), "")


def field_of_others(name: str, result: object) -> str:
    """What a result has where others write `name`; "" where that is not known.

    Examples
    --------
    >>> from pdt_evidence import pool
    >>> fit = pool([0.2, 0.5], [0.04, 0.05])
    >>> field_of_others("ci_lb", fit), field_of_others("pval", fit), field_of_others("title", fit)
    ('ci[0]', 'p', '')
    """
    meant = BY_FIELD.get(_bare(name))
    there = dir(result) if meant else ()  # seldom wanted: much code asks whether a result has a field
    found = next((ours for ours in meant or () if re.split(r"[\[(]", ours)[0] in there), "")
    of_many = found.endswith("]") and hasattr(
        getattr(result, found[:-3]), "ndim"
    )  # limits along the last axis
    return found.replace("[", "[..., ") if of_many else found


def columns_of_others(columns: Iterable[object], ours: Iterable[str]) -> dict[str, str]:
    """Columns that others call so -> the one of ours that it is; none that two of them would be.

    Examples
    --------
    >>> columns_of_others(["Author", "M1", "n.e", "dose"], ["study", "mean_t", "n_t", "yi"])
    {'Author': 'study', 'M1': 'mean_t', 'n.e': 'n_t'}
    >>> columns_of_others(["M_pdt", "SD (CBT)", "N_cbt", "N_tau"], ["mean_t", "sd_c", "n_c"])  # n_c of which arm?
    {'M_pdt': 'mean_t', 'SD (CBT)': 'sd_c'}
    """
    wanted = set(ours)
    found: dict[str, list[str]] = {}
    for column in map(str, columns):
        plain = _bare(column)
        for name, others in COLUMN_NAMES.items():
            if name in wanted and plain in others.split():
                found.setdefault(name, []).append(column)
    return {of_others[0]: name for name, of_others in found.items() if len(of_others) == 1}


def arms_called(columns: Mapping[str, object]) -> dict[str, str]:
    """Labels of both arms, where the columns that are named for their numbers are named after the arms.

    Examples
    --------
    >>> arms_called({"mean_t": "BDI_mean_pdt", "n_t": "N_pdt", "mean_c": "BDI_mean_cbt", "n_c": "N (CBT)"})
    {'arm_t_label': 'PDT', 'arm_c_label': 'CBT'}
    >>> arms_called({"mean_t": "m1", "n_t": "n1", "mean_c": "m2", "n_c": "n2"})
    {}
    """
    called: dict[str, list[str]] = {}
    for arm in "tc":
        names = [name for role, name in columns.items() if role.endswith(f"_{arm}") and isinstance(name, str)]
        parts = [re.findall(r"[^\W\d_]{2,}", name.lower()) for name in names]
        called[arm] = [
            one for one in (parts or [[]])[0] if len(parts) > 1 and all(one in other for other in parts)
        ]
    words = {
        arm: [one for one in called[arm] if one not in called[{"t": "c", "c": "t"}[arm]]] for arm in "tc"
    }
    if not all(words.values()):
        return {}
    return {
        f"arm_{arm}_label": " ".join(one.upper() if one in ABBREVIATED else one for one in said)
        for arm, said in words.items()
    }


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


def _bare(word: str) -> str:
    return re.sub(r"[^a-z0-9]", "", word.lower())


def _plain(word: str) -> str:
    return re.sub(r"[\s_-]+", " ", word).strip().casefold()
