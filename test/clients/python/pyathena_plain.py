"""PyAthena without pandas: a DB-API connection."""

from pyathena import connect
from pyathena.error import OperationalError

from lane import BUCKET, COLUMNS, RESULTS, SCHEMA, SELECT, equal, operation, rows, run

connection = connect(s3_staging_dir=RESULTS, schema_name=SCHEMA, poll_interval=0.05)


def fetch(sql, parameters=None, **options):
    return connection.cursor().execute(sql, parameters, **options).fetchall()


@operation("reads every value")
def _():
    equal(fetch(SELECT), rows())


@operation("reads by three-part name")
def _():
    equal(fetch(f"SELECT count(*) FROM awsdatacatalog.{SCHEMA}.orders"), [(3,)])
    equal(fetch(f'SELECT o.id FROM "awsdatacatalog"."{SCHEMA}"."orders" o WHERE o.id = 1'), [(1,)])


@operation("describes a result")
def _():
    cursor = connection.cursor().execute(SELECT)
    equal([column[:2] for column in cursor.description], list(zip(COLUMNS, ["bigint", "varchar", "decimal", "double", "boolean", "date", "timestamp"])))


@operation("client-side parameters")
def _():
    equal(fetch("SELECT id FROM orders WHERE name = %(name)s", {"name": rows()[0][1]}), [(1,)])


@operation("execution parameters")
def _():
    name = rows()[0][1].replace("'", "''")
    sql = "SELECT id FROM orders WHERE id >= ? AND name = ?"
    equal(fetch(sql, ["1", f"'{name}'"], paramstyle="qmark"), [(1,)])


@operation("PREPARE, EXECUTE … USING", refused="PREPARE is not supported by the stand-in")
def _():
    fetch("PREPARE one FROM SELECT id FROM orders WHERE id = ?")


@operation("information_schema.tables, .columns, .schemata")
def _():
    equal(fetch(f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{SCHEMA}' AND table_name = 'orders'"), [("orders",)])
    found = fetch(f"SELECT column_name, data_type, ordinal_position FROM information_schema.columns WHERE table_schema = '{SCHEMA}' AND table_name = 'orders' ORDER BY ordinal_position LIMIT 3")
    equal(found, [("id", "bigint", 1), ("name", "varchar", 2), ("total", "decimal(38,9)", 3)])
    equal(fetch(f"SELECT schema_name FROM information_schema.schemata WHERE schema_name = '{SCHEMA}'"), [(SCHEMA,)])


@operation("SHOW DATABASES, TABLES, COLUMNS, TBLPROPERTIES")
def _():
    equal((SCHEMA,) in fetch("SHOW DATABASES"), True)
    equal(fetch("SHOW TABLES 'order*'"), [("orders",)])
    equal([name.strip() for (name,) in fetch("SHOW COLUMNS IN orders")][:7], COLUMNS)
    equal(("table_type", "ICEBERG") in fetch("SHOW TBLPROPERTIES orders"), True)


@operation("DESCRIBE, SHOW CREATE TABLE")
def _():
    equal(any("id" in row[0] for row in fetch("DESCRIBE orders")), True)
    equal("CREATE TABLE" in fetch("SHOW CREATE TABLE orders")[0][0], True)


@operation("$snapshots, $history, $files, time travel")
def _():
    [(snapshot,)] = fetch('SELECT snapshot_id FROM "orders$snapshots"')
    equal(fetch('SELECT snapshot_id, is_current_ancestor FROM "orders$history"'), [(snapshot, True)])
    equal(fetch('SELECT sum(record_count) FROM "orders$files"'), [(3,)])
    equal(fetch(f"SELECT count(*) FROM orders FOR VERSION AS OF {snapshot}"), [(3,)])


@operation("catalogue: databases, tables, table metadata")
def _():
    cursor = connection.cursor()
    equal(SCHEMA in [one.name for one in cursor.list_databases(None)], True)
    equal("orders" in [one.name for one in cursor.list_table_metadata()], True)
    found = cursor.get_table_metadata("orders")
    equal([(one.name, one.type) for one in found.columns][:3], [("id", "bigint"), ("name", "string"), ("total", "decimal(38,9)")])


@operation("pages of a long result")
def _():
    numbers = ", ".join(f"({number})" for number in range(2500))
    found = fetch(f"SELECT n FROM (VALUES {numbers}) AS t (n) ORDER BY n")
    equal(found, [(number,) for number in range(2500)])


@operation("CREATE DATABASE, CREATE TABLE, DROP")
def _():
    fetch("CREATE DATABASE IF NOT EXISTS lane_scratch")
    fetch(f"CREATE TABLE lane_scratch.things (id bigint, tags array<string>, place struct<city:string,zip:int>, extra map<string,int>) LOCATION 's3://{BUCKET}/lane-things/' TBLPROPERTIES ('table_type'='ICEBERG')")
    fetch("INSERT INTO lane_scratch.things VALUES (1, ARRAY['a', 'b'], CAST(ROW('Bern', 3000) AS ROW(city varchar, zip integer)), NULL)")
    equal(fetch("SELECT tags[2], place.city, extra['k'] IS NULL FROM lane_scratch.things"), [("b", "Bern", True)])
    fetch("DROP TABLE lane_scratch.things")
    fetch("DROP DATABASE lane_scratch")


@operation("MAP(…)", refused="start with --engine trino")
def _():
    fetch("SELECT MAP(ARRAY['k'], ARRAY[7])")


@operation("INSERT, UPDATE, DELETE on the product's table")
def _():
    fetch("INSERT INTO orders (id, name, total, at) VALUES (101, 'PyAthena', DECIMAL '101.500000000', TIMESTAMP '2026-02-01 00:00:00.000101'), (102, 'gone', NULL, TIMESTAMP '2026-02-01 00:00:00')")
    fetch("UPDATE orders SET ok = true WHERE id = 101")
    fetch("DELETE FROM orders WHERE id = 102")
    equal(fetch("SELECT id, name, ok FROM orders WHERE id BETWEEN 101 AND 102"), [(101, "PyAthena", True)])


@operation("errors carry Athena's names")
def _():
    for sql, text in {"SELECT nothing FROM orders": "COLUMN_NOT_FOUND", "SELECT * FROM nowhere": "TABLE_NOT_FOUND", "SELECT 1/0": "DIVISION_BY_ZERO"}.items():
        try:
            fetch(sql)
            raise AssertionError(f"{sql} succeeded")
        except OperationalError as error:
            equal(text in str(error), True)


run()
