"""Reads an Iceberg table through Glue and S3 with PyIceberg and prints its rows as texts, one JSON object a line."""

import json
import sys

import pyarrow as pa
from pyiceberg.catalog import load_catalog

endpoint, region, access_key, secret_key, table_name = sys.argv[1:]
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
rows = catalog.load_table(table_name).scan().to_arrow()
texts = pa.table({name: rows[name].cast(pa.string()) for name in rows.column_names})
for row in texts.to_pylist():
    print(json.dumps(row))
