"""The AWS CLI: Athena, Glue and S3 commands as a person would type them."""

import json
import subprocess
import sys
import time
from pathlib import Path

from lane import BUCKET, RESULTS, SCHEMA, equal, operation, rows, run

AWS = str(Path(sys.executable).parent / "aws")


def aws(*words):
    done = subprocess.run([sys.executable, AWS, "--output", "json", *words], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return json.loads(done.stdout) if words[0] != "s3" and done.stdout.strip() else done.stdout


def start(sql):
    return aws("athena", "start-query-execution", "--query-string", sql, "--query-execution-context", f"Database={SCHEMA}", "--result-configuration", f"OutputLocation={RESULTS}")["QueryExecutionId"]


def ended(query):
    while True:
        execution = aws("athena", "get-query-execution", "--query-execution-id", query)["QueryExecution"]
        if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
            return execution
        time.sleep(0.2)


@operation("athena start-query-execution, get-query-results in pages")
def _():
    query = start("SELECT id, name FROM orders WHERE id IN (1, 3, 9007199254740993) ORDER BY id")
    equal(ended(query)["Status"]["State"], "SUCCEEDED")
    pages = aws("athena", "get-query-results", "--query-execution-id", query, "--page-size", "2")
    found = [tuple(cell.get("VarCharValue") for cell in row["Data"]) for row in pages["ResultSet"]["Rows"]]
    equal(found, [("id", "name"), *((str(row[0]), row[1]) for row in rows())])


@operation("athena list-query-executions, batch-get, stop")
def _():
    query = start("SELECT 1")
    ended(query)
    aws("athena", "stop-query-execution", "--query-execution-id", query)
    listed = aws("athena", "list-query-executions", "--page-size", "2")["QueryExecutionIds"]
    equal(query in listed and len(listed) > 2, True)
    found = aws("athena", "batch-get-query-execution", "--query-execution-ids", query, "00000000-0000-0000-0000-000000000000")
    equal([one["Status"]["State"] for one in found["QueryExecutions"]], ["SUCCEEDED"])
    equal(len(found["UnprocessedQueryExecutionIds"]), 1)


@operation("athena list-databases, list-table-metadata, get-table-metadata, list-work-groups")
def _():
    equal(SCHEMA in [one["Name"] for one in aws("athena", "list-databases", "--catalog-name", "AwsDataCatalog")["DatabaseList"]], True)
    tables = aws("athena", "list-table-metadata", "--catalog-name", "AwsDataCatalog", "--database-name", SCHEMA, "--page-size", "1")
    equal("orders" in [one["Name"] for one in tables["TableMetadataList"]], True)
    table = aws("athena", "get-table-metadata", "--catalog-name", "AwsDataCatalog", "--database-name", SCHEMA, "--table-name", "orders")
    equal(table["TableMetadata"]["Columns"][0], {"Name": "id", "Type": "bigint"})
    equal("primary" in [one["Name"] for one in aws("athena", "list-work-groups")["WorkGroups"]], True)
    equal([one["CatalogName"] for one in aws("athena", "list-data-catalogs")["DataCatalogsSummary"]], ["AwsDataCatalog"])


@operation("s3 ls, cp; s3api list-objects-v2 in pages")
def _():
    source = Path(__file__).parent.parent / "rows.ndjson"
    aws("s3", "cp", str(source), f"s3://{BUCKET}/lane-cli/rows.ndjson")
    equal(aws("s3", "cp", f"s3://{BUCKET}/lane-cli/rows.ndjson", "-").strip(), source.read_text(encoding="utf-8").strip())
    equal("rows.ndjson" in aws("s3", "ls", f"s3://{BUCKET}/lane-cli/"), True)
    listed = aws("s3api", "list-objects-v2", "--bucket", BUCKET, "--page-size", "2")["Contents"]
    equal(len(listed) > 4, True)


@operation("glue update-table sets a parameter on the product's table")
def _():
    table = aws("glue", "get-table", "--database-name", SCHEMA, "--name", "orders")["Table"]
    kept = ("Name", "TableType", "Description", "Owner", "Retention", "PartitionKeys", "StorageDescriptor")
    changed = {name: table[name] for name in kept if name in table}
    changed["Parameters"] = {**table["Parameters"], "lane_foreign": "kept"}
    aws("glue", "update-table", "--database-name", SCHEMA, "--skip-archive", "--version-id", table["VersionId"], "--table-input", json.dumps(changed))
    after = aws("glue", "get-table", "--database-name", SCHEMA, "--name", "orders")["Table"]
    equal(after["Parameters"]["lane_foreign"], "kept")


run()
