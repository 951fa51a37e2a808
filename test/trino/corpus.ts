import { PLACE } from './place.ts'

const T = `"${PLACE.schema}"."corpus"`
const D = `\`${PLACE.schema}\``
const S = `s3://${PLACE.bucket}/corpus`
const ICEBERG = "TBLPROPERTIES ('table_type'='ICEBERG', 'format'='parquet', 'write_compression'='zstd')"

const create = (name: string, columns: string, more = ''): string =>
  `CREATE TABLE ${D}.\`${name}\` (${columns}) ${more} LOCATION '${S}/${name}/' ${ICEBERG}`

const TABLE = [
  create(
    'corpus',
    'id bigint, b boolean, i int, f float, d double, n decimal(38,9), t string, x binary, da date, ts timestamp',
  ),
  create('corpus', 'id bigint'),
  `CREATE TABLE IF NOT EXISTS ${D}.\`corpus\` (id bigint) LOCATION '${S}/other/' ${ICEBERG}`,
]

/** Boundary values of the type table, as literals of DML. */
const BOUNDARIES: Readonly<Record<string, readonly string[]>> = {
  b: ['true', 'false', 'NULL'],
  i: ['2147483647', '-2147483648', '0', 'NULL'],
  f: ["REAL 'NaN'", "CAST('Infinity' AS real)", "REAL '3.4028235E38'", "REAL '1.4E-45'", "REAL '-0.0'"],
  d: [
    "DOUBLE 'NaN'",
    "CAST('-Infinity' AS double)",
    '1.7976931348623157E308',
    '4.9E-324',
    '-0.0E0',
    '0.1E0',
    '1E7',
    '1E-3',
  ],
  n: [
    "DECIMAL '99999999999999999999999999999.999999999'",
    "DECIMAL '-99999999999999999999999999999.999999999'",
    "DECIMAL '0.000000001'",
    "DECIMAL '0.000000000'",
  ],
  t: ["''", "'it''s'", "'𝄞 ä \u00a0'", "'null'", "'a,b\"c'", "'line\nbreak'"],
  x: ["X''", "X'00FF'", "X'C3A4'"],
  da: [
    "DATE '0001-01-01'",
    "DATE '9999-12-31'",
    "DATE '1970-01-01'",
    "DATE '1582-10-10'",
    "DATE '1969-12-31'",
  ],
  ts: [
    "TIMESTAMP '0001-01-01 00:00:00.000000'",
    "TIMESTAMP '9999-12-31 23:59:59.999999'",
    "TIMESTAMP '1969-12-31 23:59:59.999999'",
    "TIMESTAMP '1970-01-01 00:00:00.000001'",
    "TIMESTAMP '2024-02-29 12:34:56.789012'",
  ],
}

const TYPES: Readonly<Record<string, string>> = {
  b: 'boolean',
  i: 'int',
  f: 'float',
  d: 'double',
  n: 'decimal(38,9)',
  t: 'string',
  x: 'binary',
  da: 'date',
  ts: 'timestamp',
}

/** A lane for each type: every boundary value inserted, found, merged and found again. */
const VALUE_LANES = Object.entries(BOUNDARIES).map(([kind, literals]) => {
  const table = `"${PLACE.schema}"."corpus_${kind}"`
  return [
    create(`corpus_${kind}`, `id bigint, v ${TYPES[kind]}`),
    ...literals.flatMap((literal, index) => [
      `INSERT INTO ${table} (id, v) VALUES (${index}, ${literal})`,
      `SELECT * FROM ${table} WHERE v IS NOT DISTINCT FROM ${literal}`,
      `MERGE INTO ${table} AS t USING (SELECT BIGINT '${index}' AS id, ${literal} AS v) AS s ON t.id = s.id WHEN MATCHED AND t.v IS DISTINCT FROM s.v THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.id, s.v)`,
    ]),
    `SELECT * FROM ${table}`,
    `SELECT min(v), max(v), count(v), count(DISTINCT v) FROM ${table}`,
  ]
})

/** How every two boundary values of a type compare: one statement for each and all others. */
const COMPARISONS = Object.values(BOUNDARIES).map(literals =>
  literals.map(left => {
    const compared = literals.map(
      right =>
        `${left} = ${right}, ${left} < ${right}, ${left} IS DISTINCT FROM ${right}, ${left} <> ${right}`,
    )
    return `SELECT ${compared.join(', ')}`
  }),
)

const ROWS = [0, 1, 1, 2, 3].map(
  (id, index) =>
    `INSERT INTO ${T} (id, b, i, f, d, n, t, x, da, ts) VALUES (${id}, ${index % 2 === 0}, ${index}, REAL '1.5', 0.1E0, DECIMAL '${index}.5', 'text ${index}', X'0${index}', DATE '2024-02-29', TIMESTAMP '2024-02-29 12:34:56.78901${index}')`,
)

const READS = [
  `SELECT * FROM ${T}`,
  `SELECT count(*), count(DISTINCT id), min(ts), max(ts), sum(n), min(t), max(da) FROM ${T}`,
  `SELECT id, count(*) FROM ${T} GROUP BY id HAVING count(*) > 1 ORDER BY 2 DESC, 1`,
  `SELECT id, row_number() OVER (PARTITION BY b ORDER BY id, i) FROM ${T} WHERE i IS NOT NULL`,
  `WITH corpus AS (SELECT id FROM ${T}) SELECT count(*) FROM corpus`,
  `SELECT a.id FROM ${T} a JOIN ${T} b ON a.id = b.id AND a.i = b.i`,
  `SELECT 1 AS one UNION ALL SELECT 2`,
  `SELECT CAST(from_unixtime_nanos(CAST(BIGINT '-62135596800000000' AS decimal(20,0)) * 1000) AS timestamp(6))`,
  `SELECT CAST(from_unixtime_nanos(CAST(BIGINT '253402300799999999' AS decimal(20,0)) * 1000) AS timestamp(6))`,
  'SELECT 7 / 2, -7 / 2, 7 % 3, -7 % 3, 1.5 * 1.5, 7.0E0 / 2',
  `SELECT coalesce(NULL, 1), nullif(1, 1), CASE WHEN true THEN 'a' ELSE 'b' END, 'a' || 'b'`,
  `SELECT lower('ÄB'), upper('äb'), length('𝄞'), substr('abc', 2), trim('  a '), replace('aba', 'a', 'c')`,
  `SELECT date_trunc('day', TIMESTAMP '2024-02-29 12:34:56.789012'), year(DATE '2024-02-29')`,
  `SELECT CAST('12' AS bigint), CAST(1.5E0 AS integer), CAST(2.5E0 AS integer), CAST(DECIMAL '2.5' AS bigint), TRY_CAST('x' AS bigint)`,
  `DESCRIBE ${D}.\`corpus\``,
  `SHOW TABLES IN ${D} 'corpus'`,
  `SHOW COLUMNS IN ${D}.\`corpus\``,
]

/** NaN is left out of max and min while there is any other number. */
const NOT_A_NUMBER = [
  "DOUBLE 'NaN', 1.5E0",
  "CAST('Infinity' AS double), DOUBLE 'NaN', NULL",
  "DOUBLE 'NaN', NULL",
].flatMap(list =>
  ['DOUBLE', 'REAL'].map(type => {
    const values = `(VALUES ${list.replaceAll('DOUBLE', type).replaceAll('double', type)}) AS v(x)`
    return `SELECT max(x), min(x), max(x) FILTER (WHERE x IS NOT NULL), (SELECT max(m) FROM (SELECT max(x) OVER () AS m FROM ${values})) FROM ${values}`
  }),
)

const CHANGES = [
  `UPDATE ${T} SET t = 'changed' WHERE id = 1`,
  `SELECT * FROM ${T}`,
  `DELETE FROM ${T} WHERE id = 2`,
  `SELECT * FROM ${T}`,
  `DELETE FROM ${T} WHERE id = -1`,
  `INSERT INTO ${T} SELECT * FROM ${T} WHERE false`,
  `ALTER TABLE ${D}.\`corpus\` ADD COLUMNS (\`added\` string COMMENT 'it\\'s new', \`more\` decimal(10,2))`,
  `ALTER TABLE ${D}.\`corpus\` CHANGE COLUMN i i bigint`,
  `ALTER TABLE ${D}.\`corpus\` CHANGE COLUMN f f double`,
  `ALTER TABLE ${D}.\`corpus\` CHANGE COLUMN more more decimal(20,2)`,
  `ALTER TABLE ${D}.\`corpus\` CHANGE COLUMN added renamed string`,
  `ALTER TABLE ${D}.\`corpus\` DROP COLUMN b`,
  `SELECT * FROM ${T}`,
  `DESCRIBE ${D}.\`corpus\``,
]

const ERRORS = [
  'SELEC 1',
  'SELECT 1; SELECT 2',
  'SELECT nothing FROM nowhere',
  `SELECT * FROM "${PLACE.schema}"."nowhere"`,
  'SELECT * FROM "nodatabase"."nowhere"',
  `SELECT nothing FROM ${T}`,
  'SELECT nofunction(1)',
  "SELECT 1 + 'a'",
  'SELECT 1 / 0',
  "SELECT CAST('x' AS bigint)",
  "SELECT BIGINT '9223372036854775807' + 1",
  `SELECT * FROM ${T} WHERE id = 'a'`,
  `INSERT INTO ${T} (id) VALUES ('a')`,
  `INSERT INTO ${T} (id, id) VALUES (1, 2)`,
  `INSERT INTO ${T} (nothing) VALUES (1)`,
  `INSERT INTO ${T} (id) VALUES (1, 2)`,
  `MERGE INTO ${T} AS t USING (VALUES (BIGINT '0'), (BIGINT '0')) AS s(id) ON t.id = s.id WHEN MATCHED THEN DELETE`,
  `MERGE INTO ${T} AS t USING (VALUES BIGINT '0') AS s(id) ON t.id = s.id WHEN NOT MATCHED BY SOURCE THEN DELETE`,
  `MERGE INTO ${T} AS t USING (VALUES BIGINT '0') AS s(id) ON t.id = s.id WHEN MATCHED THEN UPDATE SET t.t = 'x'`,
  `MERGE INTO ${T} AS t USING (VALUES BIGINT '0') AS s(id) ON t.id = s.id WHEN NOT MATCHED THEN INSERT (t.id) VALUES (s.id)`,
  `MERGE INTO ${T} AS t USING (VALUES BIGINT '0') AS s(id) ON t.id = s.id WHEN NOT MATCHED THEN INSERT (id) VALUES ('a')`,
  `SELECT '${'x'.repeat(262_144)}'`,
  `SELECT count(*) FROM ${D}.\`corpus\``,
  `DESCRIBE "${PLACE.schema}"."corpus"`,
  `SELECT a.id FROM ${T} a JOIN ${T} b ON true WHERE id = 1`,
  `UPDATE ${T} SET nothing = 1`,
  `UPDATE ${T} SET id = 'a'`,
  `DELETE FROM ${T} WHERE nothing = 1`,
  `SELECT (SELECT id FROM ${T})`,
  `SELECT id FROM ${T} GROUP BY t`,
  create('refused', 'a tinyint'),
  create('refused', 'a varchar(3)'),
  create('refused', 'a int, a int'),
  create('refused', 'a int /* comment */'),
  `CREATE TABLE ${D}.refused (a int) LOCATION '${S}/refused/' TBLPROPERTIES ('table_type'='ICEBERG','other'='1')`,
  `CREATE EXTERNAL TABLE ${D}.refused (a int) LOCATION '${S}/refused/' TBLPROPERTIES ('table_type'='ICEBERG')`,
  `CREATE TABLE ${D}.refused (a int) LOCATION '${S}/refused/'`,
  `CREATE TABLE ${D}.refused (a int) LOCATION '${S}/corpus/' ${ICEBERG}`,
  `ALTER TABLE ${D}.\`corpus\` ADD COLUMNS (id int)`,
  `ALTER TABLE ${D}.\`corpus\` CHANGE COLUMN id id double`,
  `ALTER TABLE ${D}.\`corpus\` CHANGE COLUMN id id int`,
  `ALTER TABLE ${D}.\`corpus\` CHANGE COLUMN n n decimal(38,10)`,
  `ALTER TABLE ${D}.\`corpus\` CHANGE COLUMN nothing nothing bigint`,
  `ALTER TABLE ${D}.\`corpus\` DROP COLUMN nothing`,
  `ALTER TABLE ${D}.nowhere ADD COLUMNS (id int)`,
  `DROP TABLE ${D}.nowhere`,
  `DROP TABLE IF EXISTS ${D}.nowhere`,
]

const PARTITIONS = [
  create('parted', 'id bigint, day date', 'PARTITIONED BY (day)'),
  `INSERT INTO "${PLACE.schema}"."parted" SELECT n, date_add('day', n, DATE '2024-01-01') FROM (VALUES ${numbers(90)}) AS v(n)`,
  `SELECT * FROM "${PLACE.schema}"."parted"`,
  `INSERT INTO "${PLACE.schema}"."parted" SELECT n, date_add('day', n, DATE '2024-01-01') FROM (VALUES ${numbers(150)}) AS v(n)`,
  `SELECT count(*) FROM "${PLACE.schema}"."parted"`,
  `DELETE FROM "${PLACE.schema}"."parted" WHERE day = DATE '2024-01-02'`,
  `SELECT count(*) FROM "${PLACE.schema}"."parted"`,
  `DROP TABLE ${D}.parted`,
  `SELECT * FROM "${PLACE.schema}"."parted"`,
]

const wide = (count: number): readonly string[] => [
  create(`wide_${count}`, Array.from({ length: count }, (_, index) => `c${index} int`).join(', ')),
  `MERGE INTO "${PLACE.schema}"."wide_${count}" AS t USING (VALUES 1) AS s(id) ON t.c0 = s.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (c0) VALUES (s.id)`,
]

const mergeParted = (count: number): string =>
  `MERGE INTO "${PLACE.schema}"."merge_parted" AS t USING (VALUES ${numbers(count)}) AS s(id) ON t.id = s.id WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)`

/** Limits of Athena's that no engine has of its own. */
const LIMITS = [
  ...wide(321),
  ...wide(322),
  create('merge_parted', 'id bigint', 'PARTITIONED BY (id)'),
  mergeParted(101),
  mergeParted(100),
  `SELECT count(*) FROM "${PLACE.schema}"."merge_parted"`,
]

function numbers(count: number): string {
  return Array.from({ length: count }, (_, index) => `(BIGINT '${index}')`).join(', ')
}

/** Lanes of statements, each in its order: every boundary of the type table, limits and errors. */
export const CORPUS: readonly (readonly string[])[] = [
  [...TABLE, ...ROWS, ...READS, ...NOT_A_NUMBER, ...ERRORS, ...CHANGES],
  PARTITIONS,
  LIMITS,
  ...VALUE_LANES,
  ...COMPARISONS,
]
