"""PyAthena with pandas: the cursor that reads the result's CSV, and UNLOAD."""

from pyathena import connect
from pyathena.pandas.cursor import PandasCursor

from lane import IN_MILLISECONDS, RESULTS, SCHEMA, SELECT, equal, frame_rows, in_milliseconds, operation, rows, run

connection = connect(s3_staging_dir=RESULTS, schema_name=SCHEMA, poll_interval=0.05, cursor_class=PandasCursor)


def comparable(found):
    """Rows with bigint, decimal and date in Python's own types; the driver gives dates as moments."""
    return [(*row[:5], row[5].date() if hasattr(row[5], "date") else row[5], row[6]) for row in found]


@operation("a frame of every value")
def _():
    equal(comparable(frame_rows(connection.cursor().execute(SELECT).as_pandas())), rows())


@operation("a frame through UNLOAD")
def _():
    frame = connection.cursor(unload=True).execute(IN_MILLISECONDS).as_pandas()
    equal(comparable(sorted(frame_rows(frame))), in_milliseconds())


run()
