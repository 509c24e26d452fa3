import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Candidate } from './candidate.ts'
import { ago, artifact, keptTags, ordered, quiet, tag, tagged, type Given } from './candidates.suite.ts'
import { orderedOf, parseHarborRules } from './harbor.ts'
import { parseOrderedRules, presentOrderedRules } from './ordered.ts'
import { countOf, explain, plan } from './plan.ts'
import type { Rule } from './rules.ts'
import { compareVersions, parseVersion } from './version.ts'

suite('what keeps an artifact against the rules', () => {
  const deletesAll = ordered([{ action: 'delete' }])
  const all = (candidates: Candidate[], more = {}) =>
    plan({ repository: 'app', candidates, ruleSet: deletesAll, ...quiet, ...more })

  test('an immutable tag stays, and says so (T-13)', async () => {
    const isImmutable = (_: string, name: string) => name === 'rel-1'
    const [both] = await all([artifact({ tags: [tag('rel-1'), tag('v1')] })], { isImmutable })
    assert.deepEqual(
      both!.tags.map((one) => [one.tag.name, one.decision.isKept, one.decision.reason]),
      [
        ['rel-1', true, 'immutable'],
        ['v1', false, 'rule'],
      ],
    )
    const harbor = orderedOf(parseHarborRules([{ template: 'nothing' }]))
    const [whole] = await plan({
      repository: 'app',
      candidates: [artifact({ tags: [tag('rel-1'), tag('v1')] })],
      ruleSet: harbor,
      ...quiet,
      isImmutable,
    })
    assert.deepEqual(
      [whole!.decision.isKept, whole!.decision.reason, whole!.decision.value],
      [true, 'immutable', 'the tag rel-1 is immutable'],
    )
  })

  test('what runs in a cluster stays', async () => {
    const [one, other] = tagged('a', 'b')
    const outcomes = await all([one!, other!], {
      runsAt: (digest: string) => (digest === one!.digest ? 'prod (default/web)' : undefined),
    })
    assert.deepEqual(keptTags(outcomes), ['a'])
    assert.equal(outcomes[0]!.decision.value, 'it runs in prod (default/web)')
  })

  test('an index that stays keeps its parts; its parts may go together with it', async () => {
    const index = artifact({ tags: [tag('multi')], depth: 1 })
    const part = artifact({ tags: [tag('part')], parents: [index.id] })
    const keeps = ordered([{ action: 'keep', tags: [{ pattern: 'multi' }] }, { action: 'delete' }])
    const [, kept] = await plan({ repository: 'app', candidates: [index, part], ruleSet: keeps, ...quiet })
    assert.deepEqual([kept!.decision.reason, kept!.tags[0]!.decision.isKept], ['index', false])
    const gone = await all([index, part])
    assert.deepEqual(
      gone.map(({ decision }) => decision.isKept),
      [false, false],
    )
    const [inner] = await all([artifact({ parents: [null] })])
    assert.equal(inner!.decision.reason, 'index')
  })
})

suite('rules in order', () => {
  const kept = async (names: string[] | Candidate[], rules: Given[]) =>
    keptTags(
      await plan({
        repository: 'app',
        candidates: typeof names[0] === 'string' ? tagged(...(names as string[])) : (names as Candidate[]),
        ruleSet: ordered(rules),
        ...quiet,
      }),
    )

  test('the first rule that picks a tag decides; what no rule picks stays', async () => {
    const keeps: Given = { action: 'keep', tags: [{ pattern: 'rel-*' }] }
    const deletes: Given = { action: 'delete', tags: [{ pattern: '*-1' }] }
    assert.deepEqual(await kept(['rel-1', 'x-1', 'other'], [keeps, deletes]), ['rel-1', 'other'])
    assert.deepEqual(await kept(['rel-1', 'x-1', 'other'], [deletes, keeps]), ['other'])
    assert.deepEqual(await kept(['rel-1', 'x-1'], [{ ...deletes, disabled: true }]), ['rel-1', 'x-1'])
    assert.deepEqual(await kept(['v1', 'v2'], []), ['v1', 'v2'])
  })

  test('a tag is deleted alone: another tag of the same artifact stays, and the artifact with it', async () => {
    const [outcome] = await plan({
      repository: 'app',
      candidates: [artifact({ tags: [tag('keep'), tag('drop')] })],
      ruleSet: ordered([{ action: 'delete', tags: [{ pattern: 'drop' }] }]),
      ...quiet,
    })
    assert.equal(outcome!.decision.isKept, true)
    assert.deepEqual(keptTags([outcome!]), ['keep'])
    assert.deepEqual(countOf([outcome!]), { artifacts: 1, tags: 2, droppedArtifacts: 0, droppedTags: 1 })
  })

  test('the newest 3 patch releases of each minor version stay (T-15)', async () => {
    const names = ['v1.0.0', 'v1.0.1', 'v1.0.2', 'v1.0.10', 'v1.1.0', 'v1.1.1-rc.1', 'v2.0.0', 'latest']
    assert.deepEqual(
      await kept(names, [
        { action: 'keep', newest: { count: 3, by: 'version', per: 'minor' } },
        { action: 'keep', tags: [{ pattern: 'latest' }] },
        { action: 'delete' },
      ]),
      ['v1.0.1', 'v1.0.2', 'v1.0.10', 'v1.1.0', 'v2.0.0', 'latest'],
    )
    assert.deepEqual(
      await kept(names, [{ action: 'keep', newest: { count: 1, by: 'version', per: 'major' } }, { action: 'delete' }]),
      ['v1.1.0', 'v2.0.0'],
    )
  })

  test('versions are ordered as Semantic Versioning says', () => {
    // The example of section 11 of the specification.
    const order = '1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0'
    const versions = order.split(' ').map((text) => parseVersion(text)!)
    for (const [index, one] of versions.entries())
      for (const [place, other] of versions.entries())
        assert.equal(Math.sign(compareVersions(one, other)), Math.sign(index - place))
    for (const text of ['1.2', 'latest', 'v1.2.3.4', '1.2.3-', '1.2.3-a..b', ''])
      assert.equal(parseVersion(text), undefined, text)
  })

  test('the newest of each group stay, named by the first group of an expression', async () => {
    const names = ['main-1', 'main-2', 'main-3', 'dev-1', 'dev-2', 'other']
    assert.deepEqual(
      await kept(names, [
        { action: 'keep', newest: { count: 2, per: 'pattern', pattern: '([a-z]+)-[0-9]+' } },
        { action: 'delete' },
      ]),
      ['main-2', 'main-3', 'dev-1', 'dev-2'],
    )
  })

  test('a rule asks for expressions, labels, signatures, and times', async () => {
    const old = { pushedAt: ago(90) }
    const candidates = [
      artifact({ ...old, labels: ['gold'], tags: [tag('labelled', old)] }),
      artifact({ ...old, isSigned: true, tags: [tag('signed', old)] }),
      artifact({ ...old, pulledAt: ago(3), tags: [tag('pulled', old)] }),
      artifact({ ...old, tags: [tag('pr-77', old)] }),
      artifact({ ...old, tags: [tag('idle', old)] }),
      artifact({ tags: [tag('new')] }),
      artifact({ pushedAt: undefined, tags: [tag('unknown', { pushedAt: undefined })] }),
    ]
    const rest = { action: 'delete' } as const
    const only = (rule: object) => kept(candidates, [{ action: 'keep', ...rule }, rest])
    assert.deepEqual(await only({ labels: ['gold', 'silver'] }), ['labelled'])
    assert.deepEqual(await only({ signed: true }), ['signed'])
    assert.deepEqual(await only({ pulled_within_days: 7 }), ['pulled'])
    assert.deepEqual(await only({ tags: [{ kind: 'regex', pattern: 'pr-\\d+' }] }), ['pr-77'])
    assert.deepEqual(await only({ pushed_within_days: 7 }), ['new', 'unknown'])
    const without = (rule: object) => kept(candidates, [{ action: 'delete', ...rule }])
    assert.deepEqual(await without({ not_pulled_days: 30 }), ['pulled', 'new', 'unknown'])
    assert.deepEqual(await without({ not_pushed_days: 30 }), ['new', 'unknown'])
    assert.deepEqual(await without({ tags: [{ pattern: '{idle,pr-*}' }], not_pulled_days: 30 }), [
      'labelled',
      'signed',
      'pulled',
      'new',
      'unknown',
    ])
  })

  test('an explanation names every rule that picks a tag, and until when', async () => {
    const [candidate] = [artifact({ pushedAt: ago(3), tags: [tag('v1', { pushedAt: ago(3), pulledAt: ago(2) })] })]
    const ruleSet = ordered([
      { action: 'keep', name: 'fresh', pushed_within_days: 7 },
      { action: 'keep', name: 'used', pulled_within_days: 30 },
      { action: 'delete' },
    ])
    const said = await explain({ repository: 'app', candidates: [candidate], ruleSet, ...quiet }, () => true)
    assert.deepEqual(
      said.map(({ rule, value, until }) => [rule.name, value, until?.toISOString()]),
      [
        ['fresh', 'pushed 2026-05-29T00:00:00Z', '2026-06-05T00:00:00.000Z'],
        ['used', 'pulled 2026-05-30T00:00:00Z', '2026-06-29T00:00:00.000Z'],
        ['', 'always', undefined],
      ],
    )
  })

  test('a rule is shown as it was written', () => {
    const rules: Given[] = [
      {
        action: 'keep',
        name: 'three patches',
        repositories: [{ pattern: 'team/**', excludes: true }],
        tags: [{ kind: 'regex', pattern: 'v.*', excludes: false, untagged: false }],
        labels: ['gold'],
        signed: true,
        pulled_within_days: 3,
        newest: { count: 3, by: 'version', per: 'minor' },
      },
      { action: 'delete', disabled: true, not_pushed_days: 9 },
    ]
    const parsed: Rule[] = parseOrderedRules(rules)
    assert.deepEqual(presentOrderedRules({ decides: 'tag', rules: parsed }), rules)
  })

  test('expressions that cannot be read or repeat too much are refused, and none takes long (X27)', async () => {
    for (const [rule, problem] of [
      [{ action: 'keep', tags: [{ kind: 'regex', pattern: '(' }] }, /ordered rule 1: .*cannot be read/],
      [{ action: 'keep', tags: [{ kind: 'regex', pattern: '(a{1000}){1000}' }] }, /ordered rule 1: /],
      [{ action: 'keep', tags: [{ kind: 'regex', pattern: '((a{90}){90}){2}' }] }, /ordered rule 1: /],
      [{ action: 'keep', tags: [{ kind: 'regex', pattern: 'a'.repeat(257) }] }, /1 to 256 characters/],
      [{ action: 'keep', tags: [{ pattern: '[' }] }, /ordered rule 1: /],
      [{ action: 'keep', repositories: [{ pattern: '' }] }, /1 to 1024 characters/],
      [{ action: 'delete', newest: { count: 1 } }, /newest is for rules that keep/],
      [{ action: 'keep', newest: { count: 1, pattern: 'x' } }, /needs per: pattern/],
    ] as const)
      assert.throws(() => parseOrderedRules([rule as never]), { message: problem })
    // Backtracking would take 2^100 steps here.
    const names = [`${'a'.repeat(100)}b`]
    assert.deepEqual(
      await kept(names, [{ action: 'delete', tags: [{ kind: 'regex', pattern: '(a*)*(a*)*c' }] }]),
      names,
    )
  })
})
