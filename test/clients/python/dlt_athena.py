"""dlt's athena destination: external tables, Iceberg tables, and dlt's own bookkeeping."""

import os

import dlt

from lane import BUCKET, RESULTS, SCHEMA, equal, operation, run

os.environ["DESTINATION__FILESYSTEM__BUCKET_URL"] = f"s3://{BUCKET}/lane-dlt"
os.environ["DESTINATION__FILESYSTEM__CREDENTIALS__ENDPOINT_URL"] = os.environ["AWS_ENDPOINT_URL"]
os.environ["DESTINATION__FILESYSTEM__CREDENTIALS__AWS_ACCESS_KEY_ID"] = os.environ["AWS_ACCESS_KEY_ID"]
os.environ["DESTINATION__FILESYSTEM__CREDENTIALS__AWS_SECRET_ACCESS_KEY"] = os.environ["AWS_SECRET_ACCESS_KEY"]
os.environ["DESTINATION__FILESYSTEM__CREDENTIALS__REGION_NAME"] = os.environ["AWS_DEFAULT_REGION"]
os.environ["DESTINATION__ATHENA__QUERY_RESULT_BUCKET"] = RESULTS
os.environ["DESTINATION__ATHENA__CREDENTIALS__AWS_ACCESS_KEY_ID"] = os.environ["AWS_ACCESS_KEY_ID"]
os.environ["DESTINATION__ATHENA__CREDENTIALS__AWS_SECRET_ACCESS_KEY"] = os.environ["AWS_SECRET_ACCESS_KEY"]
os.environ["DESTINATION__ATHENA__CREDENTIALS__REGION_NAME"] = os.environ["AWS_DEFAULT_REGION"]
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
os.environ["RUNTIME__LOG_LEVEL"] = "CRITICAL"

pipeline = dlt.pipeline("lane", destination="athena", staging="filesystem", dataset_name="lane_dlt", pipelines_dir=os.environ["LANE_WORK"])


def query(sql):
    with pipeline.sql_client() as client:
        return [tuple(row) for row in client.execute_sql(sql)]


def load(data, **options):
    pipeline.run(data, **options).raise_on_failed_jobs()


@operation("reads what the product wrote")
def _():
    with pipeline.sql_client() as client:
        equal([tuple(row) for row in client.execute_sql(f"SELECT id FROM {SCHEMA}.orders WHERE id = 1")], [(1,)])


@operation("loads an external table")
def _():
    load([{"id": 1, "name": "a"}, {"id": 2, "name": None}], table_name="things")
    equal(query("SELECT id, name FROM things ORDER BY id"), [(1, "a"), (2, None)])


@operation("loads and appends to an Iceberg table")
def _():
    load([{"id": 1, "name": "a"}], table_name="ice", table_format="iceberg")
    load([{"id": 2, "name": "b"}], table_name="ice", table_format="iceberg", write_disposition="append")
    equal(query("SELECT id, name FROM ice ORDER BY id"), [(1, "a"), (2, "b")])


@operation("replaces an Iceberg table")
def _():
    load([{"id": 9, "name": "only"}], table_name="ice", table_format="iceberg", write_disposition="replace")
    equal(query("SELECT id, name FROM ice"), [(9, "only")])


@operation("merges into an Iceberg table")
def _():
    options = {"table_name": "merged", "table_format": "iceberg", "write_disposition": "merge", "primary_key": "id"}
    load([{"id": 1, "name": "a"}, {"id": 2, "name": "b"}], **options)
    load([{"id": 2, "name": "changed"}, {"id": 3, "name": "c"}], **options)
    equal(query("SELECT id, name FROM merged ORDER BY id"), [(1, "a"), (2, "changed"), (3, "c")])


run()
