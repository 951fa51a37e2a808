"""awswrangler: queries in its three ways, the catalogue, Parquet data sets and Iceberg writes."""

from datetime import date, datetime
from decimal import Decimal

import awswrangler as wr
import pandas as pd

from lane import BUCKET, COLUMNS, IN_MILLISECONDS, RESULTS, SCHEMA, SELECT, equal, frame_rows, in_milliseconds, operation, rows, run

OPTIONS = {"database": SCHEMA, "s3_output": RESULTS}


def query(sql, **options):
    return frame_rows(wr.athena.read_sql_query(sql, **OPTIONS, **{"ctas_approach": False, **options}))


@operation("read_sql_query")
def _():
    equal(query(SELECT), rows())


@operation("read_sql_query with UNLOAD")
def _():
    options = {"database": SCHEMA, "s3_output": f"s3://{BUCKET}/lane-wrangler-unload/", "ctas_approach": False, "unload_approach": True}
    equal(sorted(frame_rows(wr.athena.read_sql_query(IN_MILLISECONDS, **options))), in_milliseconds())


@operation("read_sql_query with CTAS")
def _():
    equal(sorted(query(IN_MILLISECONDS, ctas_approach=True)), in_milliseconds())


@operation("parameters, in the text and by Athena")
def _():
    equal(query("SELECT id FROM orders WHERE id = :id", params={"id": 1}), [(1,)])
    equal(query("SELECT id FROM orders WHERE id = ?", params=["1"], paramstyle="qmark"), [(1,)])


@operation("catalogue: databases, tables, types, location")
def _():
    equal(SCHEMA in wr.catalog.databases(limit=100)["Database"].tolist(), True)
    equal(wr.catalog.does_table_exist(SCHEMA, "orders"), True)
    types = wr.catalog.get_table_types(SCHEMA, "orders")
    equal([types[name] for name in COLUMNS], ["bigint", "string", "decimal(38,9)", "double", "boolean", "date", "timestamp"])
    equal(wr.catalog.get_table_location(SCHEMA, "orders").startswith(f"s3://{BUCKET}/"), True)


@operation("Parquet data set as a table, read through Athena")
def _():
    frame = pd.DataFrame({"n": [1, 2], "s": ["a", None], "d": [Decimal("1.50"), Decimal("2.25")]})
    wr.s3.to_parquet(frame, path=f"s3://{BUCKET}/lane-wrangler/", dataset=True, database=SCHEMA, table="wrangler_set")
    equal(query("SELECT n, s, d FROM wrangler_set ORDER BY n"), [(1, "a", Decimal("1.50")), (2, None, Decimal("2.25"))])
    wr.catalog.delete_table_if_exists(SCHEMA, "wrangler_set")


def order(number, name):
    return pd.DataFrame({
        "id": [number], "name": [name], "total": [Decimal("301.500000000")], "ratio": [0.5], "ok": [True],
        "day": [date(2026, 2, 3)], "at": [datetime(2026, 2, 3, 1, 2, 3, 4000)],
    })


def to_iceberg(number, name, **options):
    dtype = {"total": "decimal(38,9)", "day": "date"}
    wr.athena.to_iceberg(order(number, name), database=SCHEMA, table="orders", temp_path=f"s3://{BUCKET}/lane-temp/{number}/", s3_output=RESULTS, dtype=dtype, keep_files=False, **options)


@operation("to_iceberg appends to the product's table")
def _():
    to_iceberg(301, "awswrangler")
    equal(query("SELECT id, name, at FROM orders WHERE id = 301"), [(301, "awswrangler", datetime(2026, 2, 3, 1, 2, 3, 4000))])


@operation("to_iceberg merges into the product's table")
def _():
    to_iceberg(301, "awswrangler again", merge_cols=["id"])
    equal(query("SELECT id, name FROM orders WHERE id = 301"), [(301, "awswrangler again")])


@operation("delete_from_iceberg_table")
def _():
    to_iceberg(302, "gone")
    wr.athena.delete_from_iceberg_table(order(302, "gone")[["id"]], database=SCHEMA, table="orders", temp_path=f"s3://{BUCKET}/lane-temp/delete/", merge_cols=["id"], s3_output=RESULTS, keep_files=False)
    equal(query("SELECT id FROM orders WHERE id BETWEEN 301 AND 302"), [(301,)])


run()
