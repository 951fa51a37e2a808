"""Compares the partition of each row of a table with what PyIceberg makes of the row, and finds each row by its values.

Prints {"rows": …, "partitions": …, "wrong": [what differs]}.
"""

import json
import sys

from pyiceberg.catalog import load_catalog
from pyiceberg.expressions import EqualTo, IsNull
from pyiceberg.io.pyarrow import ArrowScan
from pyiceberg.partitioning import _to_partition_representation

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
table = catalog.load_table(table_name)
schema, spec = table.schema(), table.spec()
wrong, partitions, row_count = [], set(), 0

for task in table.scan().plan_files():
    found = list(task.file.partition)
    partitions.add(str(found))
    scan = ArrowScan(table.metadata, table.io, schema, EqualTo("marker", 1))
    for row in scan.to_table([task]).to_pylist():
        row_count += 1
        for index, field in enumerate(spec.fields):
            source = schema.find_field(field.source_id)
            value = row[source.name]
            internal = None if value is None else _to_partition_representation(source.field_type, value)
            expected = field.transform.transform(source.field_type)(internal)
            if found[index] != expected:
                wrong.append(f"{field.name} of {value!r} is {found[index]!r}, not {expected!r}")

for field in spec.fields:
    name = schema.find_field(field.source_id).name
    values = table.scan(selected_fields=(name,)).to_arrow()[name].to_pylist()
    for value in set(values):
        filtered = table.scan(row_filter=IsNull(name) if value is None else EqualTo(name, value)).to_arrow()
        if filtered.num_rows != values.count(value):
            wrong.append(f"{filtered.num_rows} rows with {name} = {value!r}, not {values.count(value)}")

print(json.dumps({"rows": row_count, "partitions": len(partitions), "wrong": wrong}))
