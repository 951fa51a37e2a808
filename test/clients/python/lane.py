"""What the clients' scripts share: the rows that the product loaded, the stand-in's names, and how an operation is told.

A script declares its operations with ``@operation("name")`` and ends with ``run()``, which prints one JSON object a line:
``{"operation", "result"}`` with ``ok`` or the error's first line. An operation fails by raising, with ``equal`` or otherwise.
"""

import json
import os
from datetime import date, datetime, timedelta
from decimal import Context, Decimal
from pathlib import Path

FOLDER = Path(__file__).parent.parent
ENDPOINT = os.environ["AWS_ENDPOINT_URL"]
REGION = os.environ["AWS_DEFAULT_REGION"]
BUCKET = os.environ["LANE_BUCKET"]
SCHEMA = os.environ["LANE_SCHEMA"]
RESULTS = f"s3://{BUCKET}/lane-results/"
COLUMNS = ["id", "name", "total", "ratio", "ok", "day", "at"]
# The product's first rows; clients that ran before may have added theirs.
SELECT = f"SELECT {', '.join(COLUMNS)} FROM orders WHERE id IN (1, 3, 9007199254740993) ORDER BY id"
# Athena's UNLOAD and CTAS write Hive files, whose timestamps have milliseconds.
IN_MILLISECONDS = SELECT.replace("day, at FROM", "day, cast(at AS timestamp(3)) AS at FROM")

_operations = []


def rows(name="rows.ndjson"):
    """The rows of a file of the product's source, in Python's own types, by id."""
    lines = (FOLDER / name).read_text(encoding="utf-8").splitlines()
    found = [_typed(json.loads(line, parse_float=Decimal, parse_int=int)) for line in lines]
    return sorted(found, key=lambda row: row[0])


def in_milliseconds():
    """The product's first rows with the moments that `IN_MILLISECONDS` selects: rounded, half up."""
    found = [(*row[:6], row[6] + timedelta(microseconds=500)) for row in rows()]
    return [(*row[:6], row[6].replace(microsecond=row[6].microsecond // 1000 * 1000)) for row in found]


def _typed(row):
    moment = datetime.fromisoformat(row["at"].replace("Z", "+00:00")).replace(tzinfo=None)
    total = None if row["total"] is None else Decimal(row["total"]).quantize(Decimal("0.000000001"), context=_EXACT)
    ratio = None if row["ratio"] is None else float(row["ratio"])
    day = None if row["day"] is None else date.fromisoformat(row["day"])
    return (row["id"], row["name"], total, ratio, row["ok"], day, moment)


_EXACT = Context(prec=40)


def operation(name, refused=None):
    """Declares an operation; ``refused`` is a text that its failure must contain, when it must fail."""

    def declare(work):
        _operations.append((name, refused, work))
        return work

    return declare


def equal(found, expected):
    """Raises with both sides when they differ in value or type."""
    if repr(found) != repr(expected):
        raise AssertionError(f"found {found!r}, expected {expected!r}")


def plain(value):
    """A value of pandas or pyarrow in Python's own type; every kind of missing value is None."""
    import pandas as pd

    if value is None or value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime()
    return value.item() if hasattr(value, "item") else value


def frame_rows(frame):
    """A frame's rows as tuples of Python's own values."""
    columns = [[plain(value) for value in frame[name].tolist()] for name in frame.columns]
    return [tuple(row) for row in zip(*columns)]


def run():
    """Runs the operations in order and tells each one's result."""
    for name, refused, work in _operations:
        print(json.dumps({"operation": name, "result": _outcome(refused, work)}), flush=True)


def _outcome(refused, work):
    try:
        work()
    except BaseException as error:  # every failure is a result, told to the lane
        text = " ".join(f"{type(error).__name__}: {error}".split())
        if refused is not None and refused in text:
            return f"refused: {refused}"
        if os.environ.get("LANE_TRACE"):
            import traceback

            traceback.print_exc()
        return text[:600]
    return "ok" if refused is None else f"not refused: {refused}"
