"""Small files of every format that is read, made on the spot; the review's totals are pinned from another package."""

import csv
import io
import math
import zipfile

from reference import load

REVIEW = load("revman", cases=8, of="analyses")
FAMILY = {"dichotomous": "DICH", "continuous": "CONT", "generic": "IV", "o-e": "IPD"}
OUTCOMES = {
    "dich": "Dropout",
    "dich_no_zero": "Dropout",
    "cont": "Depression symptoms",
    "gen": "Anxiety symptoms",
    "oe": "Somatic symptoms",
}
RATIOS = ("OR", "RR", "HR")
WORDS = {
    "OR": "Odds Ratio",
    "RR": "Risk Ratio",
    "RD": "Risk Difference",
    "MD": "Mean Difference",
    "SMD": "Standardized Mean Difference",
    "HR": "Hazard Ratio",
}
TYPES = {
    "dichotomous": "Dichotomous",
    "continuous": "Continuous",
    "generic": "Contrast level",
    "o-e": "O-E and variance",
}


def scaled(analysis, value):
    return math.exp(value) if analysis["measure"] in RATIOS else value


def records(analysis):
    """The study rows of one analysis, as the reference has them."""
    columns = REVIEW["data"][analysis["data"]] | {"weight": analysis["overall"]["weights"]}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def attributes(values):
    return " ".join(f'{name}="{value}"' for name, value in values.items())


def totals_xml(analysis, total, between=None):
    """A total as attributes, in the names and with the digits of Review Manager 5."""
    names = {
        "CHI2": "Q",
        "DF": "Q_df",
        "P_CHI2": "Q_p",
        "I2": "I2",
        "TAU2": "tau2",
        "Z": "statistic",
        "P_Z": "p",
        "STUDIES": "k",
    }
    values = {theirs: repr(total[ours]) for theirs, ours in names.items()}
    for theirs, ours in (("EFFECT_SIZE", "estimate"), ("CI_START", "ci_low"), ("CI_END", "ci_high")):
        values[theirs] = repr(scaled(analysis, total[ours]))
    if between:
        values |= {"Q": repr(between["Q"]), "P_Q": repr(between["p"]), "I2_Q": repr(between["I2"])}
    return attributes(values)


def study_xml(analysis, row):
    family = FAMILY[analysis["kind"]]
    sizes = {"TOTAL_1": row.get("n1", 0), "TOTAL_2": row.get("n2", 0)}
    numbers = {
        "DICH": lambda: {"EVENTS_1": row["e1"], "EVENTS_2": row["e2"]} | sizes,
        "CONT": lambda: (
            {"MEAN_1": row["m1"], "SD_1": row["s1"], "MEAN_2": row["m2"], "SD_2": row["s2"]} | sizes
        ),
        "IV": lambda: {"ESTIMATE": row["est"], "SE": row["se"]} | sizes,
        "IPD": lambda: {"O_E": row["oe"], "VAR": row["v"]} | sizes,
    }[family]()
    study = "STD-" + row["study"].replace(" ", "-")
    note = "<FOOTNOTE>Completers only</FOOTNOTE>" if row["study"].startswith("Conti") else ""
    cells = attributes(numbers | {"WEIGHT": row["weight"]})
    return f'<{family}_DATA {cells} ESTIMABLE="YES" STUDY_ID="{study}">{note}</{family}_DATA>'


def outcome_xml(analysis, number):
    family = FAMILY[analysis["kind"]]
    measure = "PETO_OR" if analysis["method"] == "PETO" and family == "DICH" else analysis["measure"]
    settings = {
        "NO": number,
        "EFFECT_MEASURE": measure,
        "METHOD": analysis["method"],
        "CI_TOTAL": 95,
        "TOTALS": "YES",
        "RANDOM": "YES" if analysis["random"] else "NO",
        "SUBGROUPS": "YES",
        "ESTIMABLE": "YES",
        "SWAP_EVENTS": "NO",
    }
    parts = [
        f"<{family}_OUTCOME {attributes(settings)} {totals_xml(analysis, analysis['overall'], analysis['between'])}>",
        f"<NAME>{OUTCOMES[analysis['data']]}</NAME>",
        "<GROUP_LABEL_1>STPP</GROUP_LABEL_1><GROUP_LABEL_2>Treatment as usual</GROUP_LABEL_2>",
        "<GRAPH_LABEL_1>Favours STPP</GRAPH_LABEL_1><GRAPH_LABEL_2>Favours control</GRAPH_LABEL_2>",
    ]
    for at, (name, total) in enumerate(analysis["subgroups"].items(), start=1):
        parts += [
            f'<{family}_SUBGROUP NO="{at}" ESTIMABLE="YES" {totals_xml(analysis, total)}><NAME>{name}</NAME>',
            *(study_xml(analysis, row) for row in records(analysis) if row["group"] == name),
            f"</{family}_SUBGROUP>",
        ]
    return "\n".join([*parts, f"</{family}_OUTCOME>"])


def rm5(analyses=None, body=None):
    """A Review Manager 5 file with all four kinds of outcome, two subgroups each, and every total printed."""
    analyses = REVIEW["analyses"] if analyses is None else analyses
    studies = sorted({row["study"] for analysis in REVIEW["analyses"] for row in records(analysis)})
    listed = "\n".join(
        f'<STUDY ID="STD-{name.replace(" ", "-")}" NAME="{name}" YEAR="{name[-4:]}"/>' for name in studies
    )
    judged = "".join(
        f'<QUALITY_ITEM_DATA_ENTRY RESULT="{result}" STUDY_ID="STD-{name.replace(" ", "-")}"/>'
        for name, result in zip(studies, ("YES", "NO", "UNKNOWN", "YES", "YES", "NO"), strict=True)
    )
    outcomes = "\n".join(outcome_xml(analysis, number) for number, analysis in enumerate(analyses, start=1))
    return f"""<?xml version="1.0" encoding="ISO-8859-1"?>
<COCHRANE_REVIEW DOI="10.1000/made" ID="1">
<COVER_SHEET><TITLE>A made review</TITLE></COVER_SHEET>
<MAIN_TEXT><BODY><P>Text that no analysis needs.</P></BODY></MAIN_TEXT>
<STUDIES_AND_REFERENCES><STUDIES><INCLUDED_STUDIES>
{listed}
</INCLUDED_STUDIES></STUDIES></STUDIES_AND_REFERENCES>
<QUALITY_ITEMS><QUALITY_ITEM><NAME>Allocation concealment</NAME><QUALITY_ITEM_DATA>{judged}</QUALITY_ITEM_DATA>
</QUALITY_ITEM></QUALITY_ITEMS>
<ANALYSES_AND_DATA>
<COMPARISON NO="1"><NAME>STPP versus control</NAME>
{outcomes if body is None else body}
</COMPARISON>
</ANALYSES_AND_DATA>
</COCHRANE_REVIEW>""".encode("iso-8859-1")


def as_csv(rows):
    """A table as RevMan Web writes it: UTF-8 with a byte-order mark."""
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return b"\xef\xbb\xbf" + stream.getvalue().encode()


def six(value):
    return f"{value:.6f}".rstrip("0").rstrip(".")


def web_total(analysis, total):
    names = {
        "Heterogeneity Tau²": "tau2",
        "Heterogeneity Chi²": "Q",
        "Heterogeneity df": "Q_df",
        "Heterogeneity P": "Q_p",
        "Heterogeneity I²": "I2",
        "Effect Z": "statistic",
        "Effect P": "p",
    }
    values = {theirs: six(total[ours]) for theirs, ours in names.items()}
    for theirs, ours in (("Mean", "estimate"), ("CI start", "ci_low"), ("CI end", "ci_high")):
        values[theirs] = six(scaled(analysis, total[ours]))
    return values


def web_tables(analyses=None, graph_labels=True):
    """The tables of a RevMan Web data package: what version 2 adds is the labels under the plot."""
    analyses = REVIEW["analyses"] if analyses is None else analyses
    settings, rows, subgroups = [], [], []
    for number, analysis in enumerate(analyses, start=1):
        key = {"Analysis group": 1, "Analysis number": number}
        peto = "Peto " if analysis["method"] == "PETO" and analysis["kind"] == "dichotomous" else ""
        settings.append(
            key
            | {
                "Analysis name": OUTCOMES[analysis["data"]],
                "Analysis group name": "STPP versus control",
                "Data type": TYPES[analysis["kind"]],
                "Log-scale data": str(analysis["measure"] in RATIOS).lower(),
                "Experimental group label": "STPP",
                "Control group label": "Treatment as usual",
                "Statistical method": "Peto" if peto else analysis["method"],
                "Effect measure": peto + WORDS[analysis["measure"]],
                "Analysis model": "Random effect" if analysis["random"] else "Fixed effect",
                "Subgroup estimates": "true",
                "Overall estimates": "true",
                "Swap event and non-event": "false",
                "Estimate CI": "95%",
            }
            | (
                {"Graph label (left)": "Favours STPP", "Graph label (right)": "Favours control"}
                if graph_labels
                else {}
            )
            | web_total(analysis, analysis["overall"])
            | {
                "Subgroup Chi²": six(analysis["between"]["Q"]),
                "Subgroup P": six(analysis["between"]["p"]),
                "Subgroup I²": six(analysis["between"]["I2"]),
            }
        )
        for at, (name, total) in enumerate(analysis["subgroups"].items(), start=1):
            subgroups.append(key | {"Subgroup": name, "Subgroup number": at} | web_total(analysis, total))
        rows += [key | web_study(analysis, row) for row in records(analysis)]
    rob = [{"Study": "Adler 1999", "Domain (judgement): Allocation concealment": "Low risk"}]
    return {
        "data-rows.csv": as_csv(rows),
        "overall-estimates-and-settings.csv": as_csv(settings),
        "subgroup-estimates.csv": as_csv(subgroups),
        "risk-of-bias.csv": as_csv(rob),
    }


def web_study(analysis, row):
    """One study row; columns that its analysis does not use hold zeros, as in real packages."""
    return {
        "Analysis name": OUTCOMES[analysis["data"]],
        "Subgroup": row["group"],
        "Applicability": "SUBGROUP_AND_OVERALL",
        "Study": row["study"],
        "Study year": row["study"][-4:],
        "GIV Mean": row.get("est", 0.0),
        "GIV SE": row.get("se", 0.0),
        "Experimental mean": row.get("m1", 0.0),
        "Experimental SD": row.get("s1", 0.0),
        "Experimental cases": row.get("e1", 0),
        "Experimental N": row.get("n1", 0),
        "Control mean": row.get("m2", 0.0),
        "Control SD": row.get("s2", 0.0),
        "Control cases": row.get("e2", 0),
        "Control N": row.get("n2", 0),
        "O-E": row.get("oe", 0.0),
        "Variance": row.get("v", 0.0),
        "Weight": six(row["weight"]),
        "Footnotes": "Completers only" if row["study"].startswith("Conti") else "",
    }


EXPORT = (
    "Comparison Number",
    "Outcome Number",
    "Subgroup Number",
    "Name",
    "Data Type",
    "Statistical Method",
    "Effect Measure",
    "Analysis Model",
    "Events 1",
    "Mean 1",
    "SD 1",
    "Total 1",
    "Events 2",
    "Mean 2",
    "SD 2",
    "Total 2",
    "O-E",
    "Var",
    "Effect Estimate",
    "SE",
    "CI Start",
    "CI End",
    "Weight",
    "Q",
    "P(Q)",
    "I²(Q)",
    "Tau²",
    "Z",
    "P(Z)",
    "Qint",
    "P(Qint)",
    "I²(Qint)",
    "df",
    "Group Label 1",
    "Group Label 2",
    "Left Graph Label",
    "Right Graph Label",
    "Year of study",
    "User defined order",
)
CODES = {"dichotomous": "DIC", "continuous": "CON", "generic": "IV", "o-e": "IPD"}


def export_total(analysis, total):
    names = {
        "Tau²": "tau2",
        "Q": "Q",
        "df": "Q_df",
        "P(Q)": "Q_p",
        "I²(Q)": "I2",
        "Z": "statistic",
        "P(Z)": "p",
    }
    limits = {"Effect Estimate": "estimate", "CI Start": "ci_low", "CI End": "ci_high"}
    return {theirs: eight(total[ours]) for theirs, ours in names.items()} | {
        theirs: eight(scaled(analysis, total[ours])) for theirs, ours in limits.items()
    }


def eight(value):
    return f"{value:.8f}".rstrip("0").rstrip(".")


def revman_csv(logs=False, stretch=1.0):
    """What Review Manager 5 writes by File > Export > Data and analyses; `logs`: ratios entered as logs stay so."""
    rows = [
        {"Comparison Number": 1, "Outcome Number": 0, "Subgroup Number": 0, "Name": "STPP versus control"}
    ]
    for number, analysis in enumerate(REVIEW["analyses"], start=1):
        code = {"Comparison Number": 1, "Outcome Number": number, "Subgroup Number": 0}
        peto = analysis["method"] == "PETO" and analysis["kind"] == "dichotomous"
        settings = {
            "Data Type": CODES[analysis["kind"]],
            "Statistical Method": analysis["method"],
            "Effect Measure": "PETO_OR" if peto else WORDS[analysis["measure"]],
            "Analysis Model": "Random" if analysis["random"] else "Fixed",
            "Group Label 1": "STPP",
            "Group Label 2": "Treatment as usual",
            "Left Graph Label": "Favours STPP",
            "Right Graph Label": "Favours control",
        }
        between = {"Qint": "Q", "P(Qint)": "p", "I²(Qint)": "I2"}
        rows.append(
            code
            | settings
            | {"Name": OUTCOMES[analysis["data"]]}
            | export_total(analysis, analysis["overall"])
            | {theirs: eight(analysis["between"][ours]) for theirs, ours in between.items()}
        )
        for at, (name, total) in enumerate(analysis["subgroups"].items(), start=1):
            group = code | {"Subgroup Number": at}
            rows.append(
                group | settings | {"Name": name.replace("<", "&lt;")} | export_total(analysis, total)
            )
            rows += [
                group | export_study(analysis, row, logs, stretch)
                for row in records(analysis)
                if row["group"] == name
            ]
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, fieldnames=EXPORT, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return b"\xef\xbb\xbf" + stream.getvalue().encode()


def export_study(analysis, row, logs, stretch):
    zeros = dict.fromkeys(("Events 1", "Mean 1", "SD 1", "Events 2", "Mean 2", "SD 2"), 0)
    found = {
        "Events 1": "e1",
        "Mean 1": "m1",
        "SD 1": "s1",
        "Total 1": "n1",
        "Events 2": "e2",
        "Mean 2": "m2",
        "SD 2": "s2",
        "Total 2": "n2",
        "O-E": "oe",
        "Var": "v",
    }
    cells = zeros | {theirs: row[ours] for theirs, ours in found.items() if ours in row}
    if "est" in row:
        half = stretch * 1.959963984540054 * row["se"]
        limits = [row["est"], row["est"] - half, row["est"] + half]
        shown = limits if logs else [scaled(analysis, value) for value in limits]
        cells |= dict(zip(("Effect Estimate", "CI Start", "CI End"), map(repr, shown), strict=True)) | {
            "SE": row["se"]
        }
    return cells | {"Name": row["study"], "Year of study": row["study"][-4:], "User defined order": 1}


def zipped(members, folder="CD1-analysis-data/CD1-"):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(folder + name, content)
    return stream.getvalue()


METAPSY = {
    "study": "Alder, 2010",
    "condition_arm1": "dyn",
    "condition_arm2": "wl",
    "multi_arm1": "NA",
    "multi_arm2": "NA",
    "outcome_type": "msd",
    "outcome_domain": "depression",
    "instrument": "BDI-II",
    "rating": "sr",
    "time": "post",
    "time_weeks": "12",
    "mean_arm1": "10.5",
    "sd_arm1": "6.1",
    "n_arm1": "30",
    "mean_arm2": "15.25",
    "sd_arm2": "6.9",
    "n_arm2": "29",
    "mean_change_arm1": "NA",
    "mean_change_arm2": "NA",
    "sd_change_arm1": "NA",
    "sd_change_arm2": "NA",
    "n_change_arm1": "NA",
    "n_change_arm2": "NA",
    "event_arm1": "NA",
    "event_arm2": "NA",
    "totaln_arm1": "NA",
    "totaln_arm2": "NA",
    "precalc_g": "NA",
    "precalc_g_se": "NA",
    "dich_type": "NA",
    "year": "2010",
    "format": "ind",
    "percent_women": "0.61",
    "mean_age": "38.2",
    "d1": "low risk",
    "ROB": "some concerns",
    ".g": "-0.72",
    ".g_se": "0.27",
}


def metapsy(*changes, sep=",", decimal=".", rename=None):
    """A Metapsy database: each row is the one above with some cells changed."""
    rows = [METAPSY | change for change in changes]
    names = list(METAPSY) + sorted({name for change in changes for name in change} - set(METAPSY))
    numeric = ("mean", "sd", "n_", ".g", "precalc", "percent", "time_weeks")
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=sep, lineterminator="\n")
    writer.writerow([(rename or {}).get(name, name) for name in names])
    for row in rows:
        writer.writerow(
            [
                str(row.get(name, "NA")).replace(".", decimal)
                if name.startswith(numeric)
                else row.get(name, "NA")
                for name in names
            ]
        )
    return stream.getvalue().encode()


TRIALS = """\
row_id,study,outcome,better,score,months_since_end,mean_t,sd_t,n_t,mean_c,sd_c,n_c,note
a1,Adler 1999,depression,lower,endpoint,0,12.1,6.1,25,15.3,6.8,24,
a2,"Berger, 2003",depression,lower,endpoint,6,9.8,5.2,40,12.9,5.9,41,"said ""better"" twice"
a3,Conti 2005,anxiety,lower,endpoint,,14.2,7.7,18,14.9,7.1,20,
"""
