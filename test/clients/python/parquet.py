"""DuckDB for Python: the product's data files as plain Parquet, and their position deletes."""

import boto3
import duckdb
import tempfile
from pathlib import Path

from pyiceberg.catalog import load_catalog

from lane import BUCKET, COLUMNS, ENDPOINT, REGION, SCHEMA, equal, operation, rows, run

NAMES = ", ".join(f'"{name}"' for name in COLUMNS)
s3 = boto3.client("s3")


def downloaded(folder):
    """The table's data files of its first snapshot, which the product alone has written, as local files."""
    catalog = load_catalog("glue", type="glue", **{"glue.endpoint": ENDPOINT, "glue.region": REGION, "s3.endpoint": ENDPOINT, "s3.region": REGION})
    table = catalog.load_table(f"{SCHEMA}.orders")
    first = min(table.snapshots(), key=lambda snapshot: snapshot.sequence_number)
    for number, task in enumerate(table.scan(snapshot_id=first.snapshot_id).plan_files()):
        key = task.file.file_path.removeprefix(f"s3://{BUCKET}/")
        s3.download_file(BUCKET, key, str(Path(folder) / f"{number}.parquet"))


@operation("reads every value of the target's Parquet")
def _():
    with tempfile.TemporaryDirectory() as folder:
        downloaded(folder)
        sql = f"SELECT {NAMES} FROM read_parquet('{folder}/*.parquet') ORDER BY id"
        equal(duckdb.sql(sql).fetchall(), rows())


@operation("finds the product's types in the target's Parquet")
def _():
    with tempfile.TemporaryDirectory() as folder:
        downloaded(folder)
        found = duckdb.sql(f"DESCRIBE SELECT {NAMES} FROM read_parquet('{folder}/*.parquet')").fetchall()
        equal([row[1] for row in found], ["BIGINT", "VARCHAR", "DECIMAL(38,9)", "DOUBLE", "BOOLEAN", "DATE", "TIMESTAMP"])


run()
