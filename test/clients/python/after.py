"""What is left after the product's second transfer, read by two clients that share no code."""

import boto3
from pyathena import connect
from pyiceberg.catalog import load_catalog

from lane import COLUMNS, ENDPOINT, REGION, RESULTS, SCHEMA, equal, operation, rows, run

connection = connect(s3_staging_dir=RESULTS, schema_name=SCHEMA, poll_interval=0.05)
catalog = load_catalog("glue", type="glue", **{"glue.endpoint": ENDPOINT, "glue.region": REGION, "s3.endpoint": ENDPOINT, "s3.region": REGION})
ALL = f"SELECT {', '.join(COLUMNS)} FROM orders ORDER BY id"


def fetch(sql):
    return connection.cursor().execute(sql).fetchall()


def merged():
    """The product's rows as they must be: the first transfer's, those of the second in their place."""
    return sorted({row[0]: row for row in [*rows(), *rows("rows-later.ndjson")]}.values())


@operation("PyAthena: the product's rows are merged, value by value")
def _():
    ids = [row[0] for row in merged()]
    equal([row for row in fetch(ALL) if row[0] in ids], merged())


@operation("PyIceberg: the same rows as PyAthena")
def _():
    table = catalog.load_table(f"{SCHEMA}.orders").scan(selected_fields=tuple(COLUMNS)).to_arrow()
    equal(sorted((tuple(row[name] for name in COLUMNS) for row in table.to_pylist()), key=lambda row: row[0]), fetch(ALL))


@operation("foreign rows survive")
def _():
    sql = "SELECT id, name FROM orders WHERE id IN (101, 102, 202, 301, 302) ORDER BY id"
    equal(fetch(sql), [(101, "PyAthena"), (202, "PyIceberg"), (301, "awswrangler again")])


@operation("a foreign column survives, in a merged row too")
def _():
    equal(fetch("SELECT id, note FROM orders WHERE note IS NOT NULL ORDER BY id"), [(201, "kept"), (202, "kept")])


@operation("foreign snapshots survive")
def _():
    table = catalog.load_table(f"{SCHEMA}.orders")
    operations = [snapshot.summary.operation.value for snapshot in table.snapshots()]
    equal(len(operations) >= 8, True)
    first = min(table.snapshots(), key=lambda snapshot: snapshot.sequence_number)
    equal(fetch(f"SELECT count(*) FROM orders FOR VERSION AS OF {first.snapshot_id}"), [(3,)])


@operation("a foreign Iceberg property and a foreign Glue parameter survive")
def _():
    equal(catalog.load_table(f"{SCHEMA}.orders").properties["lane.owner"], "pyiceberg")
    found = boto3.client("glue").get_table(DatabaseName=SCHEMA, Name="orders")["Table"]["Parameters"]
    equal(found["lane_foreign"], "kept")


run()
