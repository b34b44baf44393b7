"""What ``gateviz measure`` says: tables for people, a row a unit for spreadsheets."""

import csv
import io
from typing import TYPE_CHECKING

from gateviz.cli.table import table

if TYPE_CHECKING:
    from gateviz.survey.measure_report import MeasureReport

# Of the events, in the terminal; a report and --json have all of them.
SHOWN = 4


def measure_words(report: "MeasureReport") -> str:
    """The tables of a report, one below the other."""
    from gateviz.survey import measure_tables as tables
    from gateviz.survey.measure_words import summary_words

    first, *rest = summary_words(report)
    parts = [
        f"{first}\n",
        "Saturation and memory (gates: mean % of frames below 0.1|above 0.9)",
        table(tables.MEMORY_HEAD, tables.memory_rows(report)),
        f"\nThe {SHOWN} events that a unit of each layer tells best",
        table(tables.STRONGEST_HEAD, tables.strongest_rows(report, SHOWN)),
        "\nAgreement of units",
        table(tables.AGREEMENT_HEAD, tables.agreement_rows(report)),
    ]
    if report.directions:
        parts += [
            "\nForward against backward (medians over units; Cliff's delta, above 0: forward has more)",
            table(tables.DIRECTION_HEAD, tables.direction_rows(report)),
        ]
    return "\n".join([*parts, "", *tables.untested_words(report), *rest])


def csv_words(report: "MeasureReport") -> str:
    """A row a unit, with a header; what a unit does not have is empty."""
    from gateviz.survey.measure_tables import unit_rows

    rows = unit_rows(report)
    # A layer of another kind has other gates.
    names = list(dict.fromkeys(name for row in rows for name in row))
    stream = io.StringIO()
    writer = csv.DictWriter(stream, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()
