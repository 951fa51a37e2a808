"""PyAthena's SQLAlchemy dialect: reflection and expressions."""

from urllib.parse import quote_plus

from sqlalchemy import MetaData, Table, create_engine, func, inspect, select

from lane import COLUMNS, REGION, RESULTS, SCHEMA, equal, operation, rows, run

engine = create_engine(f"awsathena+rest://@athena.{REGION}.amazonaws.com:443/{SCHEMA}?s3_staging_dir={quote_plus(RESULTS)}&poll_interval=0.05")


@operation("inspects schemas, tables, columns")
def _():
    inspector = inspect(engine)
    equal(SCHEMA in inspector.get_schema_names(), True)
    equal("orders" in inspector.get_table_names(SCHEMA), True)
    equal([column["name"] for column in inspector.get_columns("orders", SCHEMA)][:7], COLUMNS)
    equal(inspector.has_table("nowhere", SCHEMA), False)


@operation("reflects a table and reads every value")
def _():
    orders = Table("orders", MetaData(), schema=SCHEMA, autoload_with=engine)
    with engine.connect() as connection:
        found = connection.execute(select(*(orders.c[name] for name in COLUMNS)).order_by(orders.c.id)).all()
    equal([tuple(row) for row in found], rows())


@operation("an expression with parameters and aggregates")
def _():
    orders = Table("orders", MetaData(), schema=SCHEMA, autoload_with=engine)
    with engine.connect() as connection:
        query = select(orders.c.ok, func.count().label("n")).where(orders.c.ok.in_([True, False])).group_by(orders.c.ok).order_by(orders.c.ok)
        equal([tuple(row) for row in connection.execute(query)], [(False, 1), (True, 1)])


run()
