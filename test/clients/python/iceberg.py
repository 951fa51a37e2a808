"""PyIceberg: reads the product's table, appends to it, and gives it a column and a property of its own."""

from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
from pyiceberg.catalog import load_catalog
from pyiceberg.types import StringType

from lane import COLUMNS, ENDPOINT, REGION, SCHEMA, equal, operation, rows, run

catalog = load_catalog("glue", type="glue", **{"glue.endpoint": ENDPOINT, "glue.region": REGION, "s3.endpoint": ENDPOINT, "s3.region": REGION})


def found(filter="id is not null"):
    table = catalog.load_table(f"{SCHEMA}.orders").scan(row_filter=filter, selected_fields=tuple(COLUMNS)).to_arrow()
    return sorted(tuple(row[name] for name in COLUMNS) for row in table.to_pylist())


@operation("scans every value")
def _():
    equal([row for row in found() if row[0] < 100 or row[0] > 1000], rows())


@operation("scans with a filter")
def _():
    equal([row[0] for row in found("id = 9007199254740993")], [9007199254740993])


@operation("adds a column and appends a snapshot to the product's table")
def _():
    table = catalog.load_table(f"{SCHEMA}.orders")
    with table.update_schema() as change:
        change.add_column("note", StringType())
    table = catalog.load_table(f"{SCHEMA}.orders")
    values = {"id": 201, "name": "PyIceberg", "total": Decimal("201.000000000"), "ratio": 0.25, "ok": True, "day": date(2026, 2, 1), "at": datetime(2026, 2, 1, 0, 0, 0, 201), "note": "kept"}
    schema = table.schema().as_arrow()
    kept = [{name: values.get(name, None) for name in schema.names}, {**{name: values.get(name) for name in schema.names}, "id": 202}]
    table.append(pa.Table.from_pylist(kept, schema=schema))
    equal([row[0] for row in found("id >= 201 and id <= 202")], [201, 202])


@operation("sets a table property and reads the snapshots")
def _():
    table = catalog.load_table(f"{SCHEMA}.orders")
    with table.transaction() as change:
        change.set_properties({"lane.owner": "pyiceberg"})
    table = catalog.load_table(f"{SCHEMA}.orders")
    equal(table.properties["lane.owner"], "pyiceberg")
    equal(len(table.inspect.snapshots()) >= 2, True)


run()
