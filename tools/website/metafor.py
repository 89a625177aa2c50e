"""The page "From metafor to pdt": what is written in R, what is written here, and the number that both give.

R's numbers are the pinned ones of tests/reference, ours are computed when the page is written; the test compares them.
"""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from website.pages import ROOT

__all__ = ["PARTS", "Line", "ours", "page"]


def _pinned(name: str) -> Any:
    return json.loads((ROOT / "tests" / "reference" / f"{name}.json").read_text(encoding="utf-8"))


def _case(name: str, **wanted: Any) -> Any:
    (found, *_) = (
        c for c in _pinned(name)["cases"] if all(c.get(key) == value for key, value in wanted.items())
    )
    return found


POOL = _case("pool", id="bcg_log_rr")["methods"]
REML = POOL["REML"]
SPLIT = _case("regression", id="bcg ~ ablat REML knha")
CHE = _case("multilevel", id="assink2016_rho0.6")
(TEETH,) = (fit for fit in _case("multivariate", id="berkey1998")["fits"] if fit["method"] == "REML")
SMALL = _case("small_study", id="bcg")
(FILL,) = (
    fill
    for fill in SMALL["fills"]
    if (fill["method"], fill["estimator"], fill["side"]) == ("REML", "L0", "right")
)
STEP = _case("selection", id="bcg_turned")["fits"][0]
SWAY = _case("influence", set="bcg_log_rr", method="REML", test="knha")["influence"]
COUNTS = _case("escalc", id="bcg", measure="RR", zero_cells="only-zero", double_zero="keep")
MEANS = _case("escalc", id="normand1999", measure="SMD", vtype="LS")
NEWER = _case("metafor51", id="bcg_rr")
SENN = _pinned("network")["cases"]["senn2013"]


@dataclass(frozen=True, kw_only=True)
class Line:
    """One number: its R expression, our expression, R's pinned value, and how far ours may be from it."""

    r: str
    here: str
    pinned: float
    within: float = 1e-8  # relative to the value, or absolute below 1


@dataclass(frozen=True, kw_only=True)
class Part:
    title: str
    r: str  # what is run in R before the expressions
    here: str  # what is run here before ours
    lines: tuple[Line, ...]
    note: str = ""


LOADED = """import numpy as np
import pandas as pd
import pdt_evidence as pdt

bcg = pd.read_csv("bcg.csv")
normand = pd.read_csv("normand1999.csv")
assink = pd.read_csv("assink2016.csv")
berkey = pd.read_csv("berkey1998.csv")
senn = pd.read_csv("senn2013.csv")
"""
TABLES = ROOT / "docs" / "how-to" / "data"


def data() -> dict[str, Any]:
    """The data sets that the code on the page works on, by the names that it uses, read as the page reads them."""
    names: dict[str, Any] = {}
    exec(LOADED.replace('read_csv("', f'read_csv("{TABLES.as_posix()}/'), names)
    return names


PARTS = (
    Part(
        title="Effect sizes: `escalc`",
        r='es <- escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)\n'
        'g <- escalc("SMD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i,\n'
        "            data = dat.normand1999)",
        here='es = pdt.effect_sizes(bcg, "RR", better="higher")\ng = pdt.effect_sizes(normand, "SMD", better="higher")',
        lines=(
            Line(r="es$yi[1]", here="es.yi[0]", pinned=COUNTS["yi"][0]),
            Line(r="es$vi[1]", here="es.vi[0]", pinned=COUNTS["vi"][0]),
            Line(r="g$yi[1]", here="g.yi[0]", pinned=MEANS["yi"][0]),
            Line(r="g$vi[1]", here="g.vi[0]", pinned=MEANS["vi"][0]),
        ),
        note='`better="higher"` leaves effects as `escalc` has them, group 1 less group 2; "lower" turns the sign. '
        'Other names of columns are given as in `mean_t="m1i"`. metafor\'s '
        "`conv.*` have no functions of their own here: "
        "`effect_sizes` takes a reported g, d, t or ratio with its standard error, interval or p (columns "
        "`reported_metric`, `reported`, …).",
    ),
    Part(
        title="One effect a study: `rma`",
        r='fit <- rma(yi, vi, data = es, test = "knha")',
        here="fit = pdt.pool(es.yi, es.vi)",
        lines=(
            Line(r="fit$b", here="fit.estimate", pinned=REML["estimate"]),
            Line(r="fit$se", here="fit.se", pinned=REML["tests"]["knha"]["se"]),
            Line(r="fit$ci.lb", here="fit.ci[0]", pinned=REML["tests"]["knha"]["ci"][0]),
            Line(r="fit$ci.ub", here="fit.ci[1]", pinned=REML["tests"]["knha"]["ci"][1]),
            Line(r="fit$tau2", here="fit.tau2", pinned=REML["tau2"]),
            Line(r="fit$I2", here="fit.I2", pinned=REML["I2"]),
            Line(r="fit$QE", here="fit.Q", pinned=REML["Q"]),
            Line(
                r="confint(fit)$random[1, 2]",
                here="fit.tau2_ci[0]",
                pinned=REML["q_profile"]["tau2"][0],
                within=1e-7,
            ),
            Line(
                r="confint(fit)$random[1, 3]",
                here="fit.tau2_ci[1]",
                pinned=REML["q_profile"]["tau2"][1],
                within=1e-7,
            ),
        ),
        note="The default test here is Hartung and Knapp's; metafor's default is the normal one, "
        'which is `pdt.pool(…, test="z")`.',
    ),
    Part(
        title="Other estimators: `method`",
        r="",
        here="",
        lines=tuple(
            Line(
                r=f'rma(yi, vi, data = es, method = "{name}")$tau2',
                here=f'pdt.pool(es.yi, es.vi, method="{name}").tau2',
                pinned=POOL[name]["tau2"],
            )
            for name in ("DL", "ML", "PM", "EB", "HE", "HS", "SJ")
        ),
    ),
    Part(
        title="Prediction interval: `predict`",
        r="",
        here="",
        lines=(
            Line(
                r="predict(fit)$pi.lb",
                here='pdt.pool(es.yi, es.vi, pi_rule="metafor").pi[0]',
                pinned=REML["tests"]["knha"]["pi"][0],
            ),
            Line(
                r='predict(fit, predtype = "Riley")$pi.lb', here="fit.pi[0]", pinned=NEWER["pi_riley_knha"][0]
            ),
        ),
        note="The rules differ in their degrees of freedom: k − 1 by default in metafor, k − 2 here by default.",
    ),
    Part(
        title="Moderators: `rma(mods = …)`",
        r='split <- rma(yi, vi, mods = ~ ablat, data = es, test = "knha")',
        here='split = pdt.metareg("yi ~ ablat", es)\nslope = split.coefficients.iloc[1]',
        lines=(
            Line(r="split$b[2]", here="slope.estimate", pinned=SPLIT["estimate"][1]),
            Line(r="split$se[2]", here="slope.se", pinned=SPLIT["se"][1]),
            Line(r="split$R2", here="split.R2", pinned=SPLIT["R2"]),
            Line(r="split$QE", here="split.QE", pinned=SPLIT["QE"]),
        ),
    ),
    Part(
        title="Several effects a study: `rma.mv` with `vcalc`, `robust`",
        r="V <- vcalc(vi, cluster = study, obs = esid, data = dat.assink2016, rho = 0.6)\n"
        "che <- rma.mv(yi, V, random = ~ 1 | study/esid, data = dat.assink2016)\n"
        "safe <- robust(che, cluster = study, clubSandwich = TRUE)",
        here="che = pdt.pool_multilevel(assink.yi, assink.vi, assink.study, rho=0.6)",
        lines=(
            Line(r="che$b", here="che.estimate", pinned=CHE["estimate"], within=1e-6),
            Line(r="che$se", here="che.se", pinned=CHE["se"], within=1e-6),
            Line(r="che$sigma2[1]", here="che.sigma2[0]", pinned=CHE["sigma2"][0], within=1e-5),
            Line(r="che$sigma2[2]", here="che.sigma2[1]", pinned=CHE["sigma2"][1], within=1e-5),
            Line(r="safe$se", here="che.robust.se", pinned=CHE["robust"]["se"], within=1e-6),
            Line(r="safe$dfs", here="che.robust.df", pinned=CHE["robust"]["df"], within=1e-5),
        ),
        note="Without `rho` the model is the three-level one. Covariances of your own go in as `V=`, a matrix for each "
        "study by its name. Of a table of trials: `pdt.synthesize(table, dependence='che')`.\n\n`vcalc` is here "
        "`pdt.vcalc`: its `obs` is `measurement`, `type` is `outcome`, `time1` is `time`, `grp1`, `grp2` are `arm_t` "
        "and `arm_c`, `w1` and `w2` are `n_t` and `n_c`; `rho = c(within, between)` is `rho=` and `rho_outcomes=`.\n\n"
        "With moderators (`mods`): `pdt.metareg('yi ~ x', table, cluster='trial_id', rho=0.6)`, and "
        "`pdt.moderators(table)` tests all that trials report.",
    ),
    Part(
        title='Several outcomes: `rma.mv(struct = "UN")`',
        r="V <- vcalc(vi = 1, cluster = author, rvars = c(v1i, v2i), data = dat.berkey1998)\n"
        'res <- rma.mv(yi, V, mods = ~ outcome - 1, random = ~ outcome | trial, struct = "UN",\n'
        "              data = dat.berkey1998)",
        here="same = berkey.trial.values[:, None] == berkey.trial.values\n"
        'V = np.where(same, np.tile(berkey[["v1", "v2"]], len(berkey) // 2), 0)  # blocks of 2 by 2\n'
        "res = pdt.pool_multivariate(berkey.yi, V, berkey.outcome, berkey.trial)\n"
        'by_outcome = res.to_frame().set_index("outcome")',
        lines=(
            Line(r="res$b[1]", here='by_outcome.estimate["AL"]', pinned=TEETH["b"][0], within=1e-5),
            Line(r="res$b[2]", here='by_outcome.estimate["PD"]', pinned=TEETH["b"][1], within=1e-5),
            Line(r="res$tau2[1]", here='by_outcome.tau2["AL"]', pinned=TEETH["tau2"][0], within=1e-4),
            Line(r="res$tau2[2]", here='by_outcome.tau2["PD"]', pinned=TEETH["tau2"][1], within=1e-4),
            Line(r="res$rho", here='res.correlation.loc["AL", "PD"]', pinned=TEETH["rho"], within=1e-4),
        ),
        note="Where no covariances are printed, `pdt.vcalc(vi, trial, outcome=outcome, rho=0.6)` gives `V`; more in "
        "[Several outcomes or follow-ups in one model](several-outcomes.md).",
    ),
    Part(
        title="Small studies: `regtest`, `trimfill`, `selmodel`",
        r='test <- regtest(rma(yi, vi, data = es), model = "lm")\n'
        'fill <- trimfill(rma(yi, vi, data = es), side = "right")\n'
        'step <- selmodel(rma(-yi, vi, data = es, method = "ML"), type = "stepfun",\n'
        '                 alternative = "greater", steps = 0.025)',
        here='test = pdt.regression_test(es.yi, es.vi, model="wls")\n'
        'fill = pdt.trim_and_fill(es.yi, es.vi, side="right", test="z")\n'
        "step = pdt.selection_model(-es.yi, es.vi, steps=[0.025])",
        lines=(
            Line(r="test$zval", here="test.statistic", pinned=SMALL["regression"]["statistic"]),
            Line(r="test$pval", here="test.p", pinned=SMALL["regression"]["p"]),
            Line(r="fill$k0", here="fill.k0", pinned=FILL["k0"]),
            Line(r="fill$b", here="fill.estimate", pinned=FILL["estimate"], within=1e-7),
            Line(r="step$b", here="step.estimate", pinned=STEP["b"], within=1e-6),
            Line(r="step$delta[2]", here="step.weights[1]", pinned=STEP["delta"][1], within=1e-5),
        ),
        note="The signs are turned for the selection model since publication is thought to favour effects above 0.",
    ),
    Part(
        title="Influence: `influence`, `leave1out`",
        r="sway <- influence(fit)",
        here="sway = pdt.influence(fit)",
        lines=(
            Line(r="sway$inf$rstudent[1]", here="sway.rstudent[0]", pinned=SWAY["rstudent"][0], within=1e-6),
            Line(r="sway$inf$cook.d[4]", here="sway.cook_d[3]", pinned=SWAY["cook_d"][3], within=1e-6),
        ),
        note="`leave1out`, `cumul`, `gosh`, `baujat`, `radial`, `funnel`: here "
        "`leave_one_out`, `cumulative`, `gosh`, `baujat`, `radial`, `funnel`.",
    ),
    Part(
        title="A network: `rma.mv`, and netmeta",
        r="# contrasts of dat.senn2013 with their covariances within trials, one tau2: tests/reference/network.R",
        here='net = pdt.network(senn.yi, senn.vi, senn.arm_t, senn.arm_c, senn.study, reference="plac")',
        lines=(
            Line(r="Q", here="net.Q", pinned=SENN["Q"]),
            Line(r="tau2, REML", here="net.tau2", pinned=SENN["REML"]["tau2"], within=1e-6),
        ),
        note="netmeta's REML leaves the covariance of the contrasts of a multi-arm trial out of "
        "the likelihood and so gives another tau².",
    ),
)


def ours(part: Part, names: dict[str, Any]) -> list[float]:
    """Our numbers of a part, computed in `names`, which keeps what the part defines."""
    exec(part.here, names)
    return [float(np.asarray(eval(line.here, names)).item()) for line in part.lines]


def page() -> str:
    """The page, computed now."""
    names = data()
    return OPENING + "\n".join(_section(part, ours(part, names)) for part in PARTS) + CLOSING


def _section(part: Part, numbers: list[float]) -> str:
    rows = ["| in R | here | R's number | ours |", "|---|---|---:|---:|"]
    rows += [
        f"| `{line.r}` | `{line.here}` | {line.pinned:.6g} | {number:.6g} |"
        for line, number in zip(part.lines, numbers, strict=True)
    ]
    blocks = [f"```r\n{part.r}\n```\n"] if part.r else []
    blocks += [f"```python\n{part.here}\n```\n"] if part.here else []
    return f"## {part.title}\n\n" + "\n".join([*blocks, *rows]) + f"\n\n{part.note}\n"


OPENING = f"""# From metafor to pdt

Each block has R's code, ours, and the numbers of both. Data sets are those of the R package metadat:
[bcg.csv](data/bcg.csv) (dat.bcg), [normand1999.csv](data/normand1999.csv), [assink2016.csv](data/assink2016.csv),
[berkey1998.csv](data/berkey1998.csv) and [senn2013.csv](data/senn2013.csv); [what they hold](data/README.md). Save
them, and

```python
{LOADED}```

R's numbers are pinned in `tests/reference` with the script and version that made them; ours are computed when this page
is written. A test compares the two.

"""
CLOSING = """
## The same words elsewhere

| there | here |
|---|---|
| meta `metagen(method.tau = "REML", method.random.ci = "HK")` | `pool` |
| meta `metareg`, `metabias(method.bias = "Egger")`, `trimfill` | `metareg`, `regression_test`, `trim_and_fill` |
| meta `subgroup =` | `compare_subgroups` |
| metapsyTools `calculateEffectSizes` | `effect_sizes`; of a database, `read_metapsy` |
| metapsyTools `runMetaAnalysis`, "combined" | `synthesize`: the rows of a trial in one |
| metapsyTools `runMetaAnalysis`, "threelevel.che" | `synthesize(dependence="che")` |
| metapsyTools `filterPriorityRule` | `synthesize(dependence="one-per-trial")` |
| Review Manager, "IV, Random" and the others | `synthesize(style="revman")`; `audit` recomputes a review's totals |

## Where numbers differ, and why

- **Prediction intervals.** See above: another number of degrees of freedom.
- **I².** `I2` is computed from tau², as metafor does; `I2_Q` from Q, as Review Manager prints it.
- **Variance of g.** The default is metafor's default, the large-sample variance; `vtype="UB"` is the unbiased one.
- **Both arms without events.** `effect_sizes(double_zero="drop")` is metafor's `drop00 = TRUE`; the default
  keeps such a study.
- **Several rows of one trial.** `synthesize` takes their plain mean with the variance that the correlation implies;
  metafor's `aggregate` weighs them unless told not to: `aggregate="gls"` here.
"""
