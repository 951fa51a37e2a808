import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { conditionKeys } from '../../../src/stand-in/iam/conditions.ts'
import { evaluatePolicies, type Verdict } from '../../../src/stand-in/iam/evaluate.ts'
import { compileWildcards, matchesPattern } from '../../../src/stand-in/iam/pattern.ts'
import { permissionPolicySchema } from '../../../src/stand-in/iam/policy.ts'

interface Question {
  readonly action?: string
  readonly resource?: string
  readonly keys?: Readonly<Record<string, string | readonly string[]>>
}

function evaluate(statements: unknown, question: Question = {}, version = '2012-10-17'): Verdict {
  const policy = permissionPolicySchema.parse({ Version: version, Statement: statements })
  return evaluatePolicies([policy], {
    action: question.action ?? 's3:GetObject',
    resource: question.resource ?? 'arn:aws:s3:::acme/key',
    keys: conditionKeys(question.keys ?? {}),
  })
}

const allow = (more: object = {}): object => ({ Effect: 'Allow', Action: 's3:*', Resource: '*', ...more })

const allowIf = (Condition: object): object => allow({ Condition })

describe('wildcards', () => {
  it('match exactly what the same regular expression matches', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '/', ':', '*', '?', '.', '\u{1f600}') })
    fc.assert(
      fc.property(letters, letters, (pattern, text) => {
        const source = [...pattern]
          .map(c => (c === '*' ? '.*' : c === '?' ? '.' : c.replace(/[.*+?^${}()|[\]\\/]/, '\\$&')))
          .join('')
        expect(matchesPattern(compileWildcards(pattern), text)).toBe(
          new RegExp(`^${source}$`, 'su').test(text),
        )
      }),
      { numRuns: 2000 },
    )
  })

  it('are matched in good time, also where backtracking would explode', () => {
    const started = performance.now()
    expect(matchesPattern(compileWildcards('*a'.repeat(30)), `${'a'.repeat(5000)}b`)).toBe(false)
    expect(performance.now() - started).toBeLessThan(500)
  })
})

describe('a permission policy', () => {
  it('allows nothing that it does not speak of', () => {
    expect(evaluate(allow({ Action: 's3:PutObject' })).outcome).toBe('implicit-deny')
    expect(evaluate(allow({ Resource: 'arn:aws:s3:::other/*' })).outcome).toBe('implicit-deny')
  })

  it('lets an explicit deny win over any allow, in whatever order', () => {
    const deny = { Sid: 'No', Effect: 'Deny', Action: 's3:Get*', Resource: '*' }
    expect(evaluate([allow(), deny])).toEqual({ outcome: 'explicit-deny', sid: 'No' })
    expect(evaluate([deny, allow()])).toEqual({ outcome: 'explicit-deny', sid: 'No' })
  })

  it('compares actions without regard to case, and resources with it', () => {
    expect(evaluate(allow({ Action: 'S3:getOBJECT' })).outcome).toBe('allowed')
    expect(evaluate(allow({ Resource: 'arn:aws:s3:::ACME/key' })).outcome).toBe('implicit-deny')
  })

  it('turns NotAction and NotResource round', () => {
    const other = { Effect: 'Allow', NotAction: ['s3:Delete*'], NotResource: 'arn:aws:s3:::acme/secret/*' }
    expect(evaluate(other).outcome).toBe('allowed')
    expect(evaluate(other, { action: 's3:DeleteObject' }).outcome).toBe('implicit-deny')
    expect(evaluate(other, { resource: 'arn:aws:s3:::acme/secret/x' }).outcome).toBe('implicit-deny')
  })

  it('keeps wildcards inside one part of an ARN, but for the last part', () => {
    const glue = { action: 'glue:GetTable', resource: 'arn:aws:glue:eu-west-1:111111111111:table/a/b:c' }
    expect(
      evaluate(allow({ Action: '*', Resource: 'arn:aws:glue:*:111111111111:table/a/*' }), glue).outcome,
    ).toBe('allowed')
    expect(evaluate(allow({ Action: '*', Resource: 'arn:aws:*:table/a/b:c' }), glue).outcome).toBe(
      'implicit-deny',
    )
  })

  it('fills policy variables in and takes their values literally', () => {
    const home = allow({ Resource: `arn:aws:s3:::acme/\${aws:username}/*` })
    const asks = (name: string, key: string): string =>
      evaluate(home, { resource: `arn:aws:s3:::acme/${key}`, keys: { 'aws:username': name } }).outcome
    expect(asks('ann', 'ann/x')).toBe('allowed')
    expect(asks('ann', 'bob/x')).toBe('implicit-deny')
    expect(asks('*', 'bob/x')).toBe('implicit-deny')
    expect(evaluate(home, { resource: 'arn:aws:s3:::acme/ann/x' }).outcome).toBe('implicit-deny')
  })

  it('takes the default of a variable, and the escapes of wildcards', () => {
    const withDefault = allow({ Resource: `arn:aws:s3:::acme/\${aws:username, 'shared'}/*` })
    expect(evaluate(withDefault, { resource: 'arn:aws:s3:::acme/shared/x' }).outcome).toBe('allowed')
    const star = allow({ Resource: `arn:aws:s3:::acme/\${*}` })
    expect(evaluate(star, { resource: 'arn:aws:s3:::acme/*' }).outcome).toBe('allowed')
    expect(evaluate(star, { resource: 'arn:aws:s3:::acme/x' }).outcome).toBe('implicit-deny')
  })

  it('knows no variables in the older policy version', () => {
    const old = allow({ Resource: `arn:aws:s3:::acme/\${aws:username}` })
    const keys = { 'aws:username': 'ann' }
    expect(evaluate(old, { resource: 'arn:aws:s3:::acme/ann', keys }, '2008-10-17').outcome).toBe(
      'implicit-deny',
    )
  })

  it('refuses a request that a statement with an unknown operator covers', () => {
    const odd = allowIf({ StringAlmostEquals: { 'aws:username': 'ann' } })
    expect(evaluate([allow(), odd])).toEqual({ outcome: 'unknown-operator', operator: 'StringAlmostEquals' })
    expect(evaluate([allow(), { ...odd, Action: 'glue:*' }]).outcome).toBe('allowed')
  })
})

describe('a condition', () => {
  const cases: readonly (readonly [string, object, Question['keys'], boolean])[] = [
    ['StringEquals', { StringEquals: { k: ['a', 'b'] } }, { k: 'b' }, true],
    ['StringEquals without the key', { StringEquals: { k: 'a' } }, {}, false],
    ['StringEquals takes * literally', { StringEquals: { k: 'a*' } }, { k: 'ab' }, false],
    ['keys without regard to case', { StringEquals: { 'AWS:UserName': 'a' } }, { 'aws:username': 'a' }, true],
    ['StringNotEquals with any of the values', { StringNotEquals: { k: ['a', 'b'] } }, { k: 'b' }, false],
    ['StringNotEquals without the key', { StringNotEquals: { k: 'a' } }, {}, true],
    ['StringEqualsIgnoreCase', { StringEqualsIgnoreCase: { k: 'ABC' } }, { k: 'abc' }, true],
    ['StringLike', { StringLike: { k: 'a?c*' } }, { k: 'abcd' }, true],
    ['StringNotLike', { StringNotLike: { k: 'a*' } }, { k: 'abc' }, false],
    ['StringEqualsIfExists without the key', { StringEqualsIfExists: { k: 'a' } }, {}, true],
    ['StringEqualsIfExists with another value', { StringEqualsIfExists: { k: 'a' } }, { k: 'b' }, false],
    ['NumericLessThan', { NumericLessThan: { k: '10' } }, { k: '9' }, true],
    ['NumericLessThan with text', { NumericLessThan: { k: '10' } }, { k: 'nine' }, false],
    ['NumericNotEquals', { NumericNotEquals: { k: 10 } }, { k: '10.0' }, false],
    ['DateLessThan', { DateLessThan: { k: '2026-01-01T00:00:00Z' } }, { k: '2025-12-31T23:59:59Z' }, true],
    [
      'DateGreaterThan with epoch seconds',
      { DateGreaterThan: { k: '1700000000' } },
      { k: '1700000001' },
      true,
    ],
    ['Bool', { Bool: { k: true } }, { k: 'true' }, true],
    ['BinaryEquals', { BinaryEquals: { k: 'QmluYXJ5' } }, { k: 'QmluYXJ5' }, true],
    ['IpAddress', { IpAddress: { k: '203.0.113.0/24' } }, { k: '203.0.113.77' }, true],
    ['IpAddress of six', { IpAddress: { k: '2001:db8::/32' } }, { k: '2001:db8::1' }, true],
    ['NotIpAddress', { NotIpAddress: { k: '203.0.113.0/24' } }, { k: '203.0.113.77' }, false],
    ['ArnLike', { ArnLike: { k: 'arn:aws:iam::*:role/x*' } }, { k: 'arn:aws:iam::1:role/xy' }, true],
    ['ArnLike across colons', { ArnLike: { k: 'arn:*:role/x' } }, { k: 'arn:aws:iam::1:role/x' }, false],
    ['ArnNotEquals', { ArnNotEquals: { k: 'arn:aws:iam::1:role/x' } }, { k: 'arn:aws:iam::1:role/x' }, false],
    ['Null true', { Null: { k: 'true' } }, {}, true],
    ['Null false', { Null: { k: 'false' } }, {}, false],
    ['ForAnyValue', { 'ForAnyValue:StringEquals': { k: ['a', 'b'] } }, { k: ['x', 'b'] }, true],
    ['ForAnyValue without the key', { 'ForAnyValue:StringEquals': { k: 'a' } }, {}, false],
    ['ForAllValues', { 'ForAllValues:StringEquals': { k: ['a', 'b'] } }, { k: ['a', 'x'] }, false],
    ['ForAllValues without the key', { 'ForAllValues:StringEquals': { k: 'a' } }, {}, true],
    ['two operators', { StringEquals: { k: 'a' }, Bool: { l: 'true' } }, { k: 'a', l: 'false' }, false],
    ['two keys', { StringEquals: { k: 'a', l: 'b' } }, { k: 'a', l: 'b' }, true],
    ['a variable', { StringEquals: { k: `\${aws:username}` } }, { k: 'ann', 'aws:username': 'ann' }, true],
  ]

  it.each(cases)('%s', (_, condition, keys, met) => {
    expect(evaluate(allowIf(condition), { keys: keys ?? {} }).outcome).toBe(met ? 'allowed' : 'implicit-deny')
  })

  it.each([
    'NotNull',
    'NullIfExists',
    'BoolNot',
    'StringLess',
    'ForSomeValue:StringEquals',
    'NumericNotLessThan',
  ])('with the operator %s, which IAM does not have, is refused', operator => {
    expect(evaluate(allowIf({ [operator]: { k: 'a' } }), { keys: { k: 'a' } }).outcome).toBe(
      'unknown-operator',
    )
  })
})
