import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { randomOf } from '../../testing/random.ts'
import type { Candidate } from './candidate.ts'
import { ago, artifact, keptTags, now, quiet, tag, tagged } from './candidates.suite.ts'
import { keptByModel } from './harbor-model.suite.ts'
import { orderedOf, parseHarborRules, type HarborRule } from './harbor.ts'
import { plan } from './plan.ts'

suite('Harbor’s rules', () => {
  const patterns = ['**', 'v*', 'rel-*', '*-rc', 'latest', 'v1.?', '*.1']
  const repositories = ['app', 'lib', 'team/app', 'team/deep/lib']
  const repositoryPatterns = ['**', 'app', 'team/**', '*', 'l*']
  /** Harbor's doublestar for the patterns above, written as regular expressions. */
  const matches = (pattern: string, text: string) =>
    new RegExp(
      `^${pattern
        .replaceAll('.', '\\.')
        .replaceAll('?', '[^/]')
        .replace(/\/\*\*$/, '/§')
        .replace(/^\*\*$/, '§')
        .replaceAll('*', '[^/]*')
        .replace('§', '.*')}$`,
    ).test(text)

  const templates = [
    'latestPushedK',
    'latestPulledN',
    'nDaysSinceLastPush',
    'nDaysSinceLastPull',
    'always',
    'latestActiveK',
    'lastXDays',
    'nothing',
  ]

  function randomRules(random: () => number): HarborRule[] {
    const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)]!
    const selector = () => ({
      kind: 'doublestar',
      decoration: pick(['matches', 'matches', 'excludes']),
      pattern: pick(patterns),
      ...(random() < 0.6 ? { extras: JSON.stringify({ untagged: random() < 0.5 }) } : {}),
    })
    const scope = () => ({
      kind: 'doublestar',
      decoration: pick(['repoMatches', 'repoMatches', 'repoExcludes']),
      pattern: pick(repositoryPatterns),
    })
    const rules = Array.from({ length: Math.floor(random() * 5) }, (_, index) => {
      const template = pick(templates)
      return {
        // So that no two are the same.
        priority: index,
        disabled: random() < 0.15,
        action: 'retain',
        template,
        params: { [template]: Math.floor(random() * 12) },
        tag_selectors: Array.from({ length: Math.floor(random() * 3) }, selector),
        scope_selectors: { repository: Array.from({ length: 1 + Math.floor(random() * 2) }, scope) },
      }
    })
    return parseHarborRules(rules)
  }

  function randomRepository(random: () => number): Candidate[] {
    const names = ['latest', 'v1', 'v1.1', 'v1.2', 'v2.1-rc', 'rel-1', 'rel-2', 'x.1', 'nightly', 'old']
    // In whole minutes: two pushes at the same moment are then frequent enough to matter.
    const time = () => new Date(now.getTime() - Math.floor(random() * 14 * 24 * 60) * 60_000)
    const pulled = () => (random() < 0.4 ? null : time())
    const free = [...names]
    return Array.from({ length: Math.floor(random() * 12) }, () =>
      artifact({
        pushedAt: time(),
        pulledAt: pulled(),
        tags: Array.from({ length: Math.floor(random() * 3) }, () =>
          free.splice(Math.floor(random() * free.length), 1),
        ).flatMap(([name]) => (name === undefined ? [] : [tag(name, { pushedAt: time(), pulledAt: pulled() })])),
      }),
    )
  }

  test('on 2,000 random repositories the plan keeps what a plain model of Harbor keeps (T-01 to T-09)', async () => {
    const random = randomOf(20_261_130)
    let [kept, dropped] = [0, 0]
    for (let round = 0; round < 2000; round++) {
      const [rules, candidates] = [randomRules(random), randomRepository(random)]
      const repository = repositories[Math.floor(random() * repositories.length)]!
      const outcomes = await plan({ repository, candidates, ruleSet: orderedOf(rules), ...quiet })
      const stays = outcomes.filter(({ decision }) => decision.isKept).map((one) => one.candidate.digest)
      const model = keptByModel(rules, repository, candidates, now, matches)
      assert.deepEqual(new Set(stays), model, `round ${round}: ${JSON.stringify({ repository, rules })}`)
      for (const { decision, tags } of outcomes)
        for (const one of tags) assert.equal(one.decision.isKept, decision.isKept)
      kept += stays.length
      dropped += candidates.length - stays.length
    }
    assert.ok(kept > 2000 && dropped > 2000, `${kept} kept and ${dropped} dropped are too few to mean anything`)
  })

  test('an artifact without tags is taken by each selector unless its extras say otherwise (T-09)', async () => {
    for (const [decoration, extras, isKept] of [
      ['matches', '', true],
      ['matches', '{"untagged":true}', true],
      ['matches', '{"untagged":false}', false],
      ['excludes', '', true],
      ['excludes', '{"untagged":true}', false],
      ['excludes', '{"untagged":false}', true],
    ] as const) {
      const rules = parseHarborRules([
        { template: 'always', tag_selectors: [{ decoration, pattern: 'nothing-has-this', extras }] },
      ])
      const outcomes = await plan({ repository: 'app', candidates: [artifact()], ruleSet: orderedOf(rules), ...quiet })
      assert.equal(outcomes[0]!.decision.isKept, isKept, `${decoration} ${extras}`)
    }
  })

  test('a repository that no rule selects keeps everything; a selected one keeps what a rule keeps', async () => {
    const rules = parseHarborRules([
      {
        template: 'always',
        tag_selectors: [{ decoration: 'matches', pattern: 'keep-*' }],
        scope_selectors: { repository: [{ decoration: 'repoMatches', pattern: 'app' }] },
      },
    ])
    const candidates = tagged('keep-1', 'v1')
    const there = await plan({ repository: 'app', candidates, ruleSet: orderedOf(rules), ...quiet })
    assert.deepEqual(keptTags(there), ['keep-1'])
    assert.deepEqual(there[1]!.decision, {
      isKept: false,
      reason: 'rule',
      position: null,
      value: 'pushed 2026-05-31T00:00:00Z, pulled never',
      until: null,
    })
    const elsewhere = await plan({ repository: 'lib', candidates, ruleSet: orderedOf(rules), ...quiet })
    assert.deepEqual(keptTags(elsewhere), ['keep-1', 'v1'])
  })

  test('an unknown time keeps, and takes no place of what is known (T-04)', async () => {
    for (const template of ['latestPushedK', 'nDaysSinceLastPush']) {
      const rules = parseHarborRules([{ template, params: { [template]: 1 } }])
      const candidates = [
        artifact({ pushedAt: undefined, tags: [tag('unknown', { pushedAt: undefined })] }),
        artifact({ pushedAt: ago(0), tags: [tag('new', { pushedAt: ago(0) })] }),
        artifact({ pushedAt: ago(9), tags: [tag('old', { pushedAt: ago(9) })] }),
      ]
      const outcomes = await plan({ repository: 'app', candidates, ruleSet: orderedOf(rules), ...quiet })
      assert.deepEqual(keptTags(outcomes), ['unknown', 'new'], template)
    }
  })

  test('two rules that are the same are refused, and more than 15 (T-08)', () => {
    const rule = { template: 'always' }
    assert.throws(() => parseHarborRules([rule, rule]), { code: 'CONFLICT', message: 'rule 1 is conflict with rule 0' })
    const many = (length: number) =>
      Array.from({ length }, (_, k) => ({ template: 'latestPushedK', params: { latestPushedK: k } }))
    assert.equal(parseHarborRules(many(15)).length, 15)
    assert.throws(() => parseHarborRules(many(16)), { message: 'only 15 rules are allowed at most' })
  })
})
