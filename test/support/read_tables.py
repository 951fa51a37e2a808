"""Reads Iceberg tables through Glue and S3 with PyIceberg and prints each row as texts, one JSON object a line."""

import json
import sys

import pyarrow as pa
from pyiceberg.catalog import load_catalog

endpoint, region, access_key, secret_key, schema, *names = sys.argv[1:]
catalog = load_catalog(
    "glue",
    **{
        "type": "glue",
        "glue.endpoint": endpoint,
        "glue.region": region,
        "glue.access-key-id": access_key,
        "glue.secret-access-key": secret_key,
        "s3.endpoint": endpoint,
        "s3.region": region,
        "s3.access-key-id": access_key,
        "s3.secret-access-key": secret_key,
    },
)


def text(value, kind):
    """A value as Athena's results show it, floating numbers as Python does."""
    if value is None:
        return None
    if pa.types.is_boolean(kind):
        return str(value).lower()
    if pa.types.is_float32(kind):
        return str(pa.scalar(value, kind).as_py()) if value != value or value in (float("inf"), float("-inf")) else short(value)
    if pa.types.is_float64(kind):
        return repr(value)
    if pa.types.is_decimal(kind):
        return f"{value:f}"
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return value.hex(" ")
    if pa.types.is_timestamp(kind):
        return value.isoformat(" ", "microseconds")
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return "[" + ", ".join(inner(one, kind.value_type) for one in value) + "]"
    if pa.types.is_map(kind):
        entries = (f"{inner(key, kind.key_type)}={inner(one, kind.item_type)}" for key, one in value)
        return "{" + ", ".join(entries) + "}"
    if pa.types.is_struct(kind):
        fields = (kind.field(index) for index in range(kind.num_fields))
        return "{" + ", ".join(f"{field.name}={inner(value[field.name], field.type)}" for field in fields) + "}"
    return str(value)


def inner(value, kind):
    found = text(value, kind)
    return "null" if found is None else found


def short(value):
    """The fewest digits that are the same number in 32 bits."""
    for digits in range(1, 10):
        candidate = float(f"{value:.{digits}g}")
        if pa.scalar(candidate, pa.float32()).as_py() == value:
            return repr(candidate)
    return repr(value)


for name in names:
    rows = catalog.load_table(f"{schema}.{name}").scan().to_arrow()
    columns = {column: rows[column].to_pylist() for column in rows.column_names}
    for index in range(rows.num_rows):
        row = {column: text(columns[column][index], rows.schema.field(column).type) for column in columns}
        print(json.dumps({"table": name, "row": row}))
