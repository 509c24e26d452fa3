/** The arithmetic of scores: tiers, shares, presets, ties, and what rules are refused. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { presets } from './presets.ts'
import { pulledMost } from './pulled-most.suite.ts'
import { factorNames, nameTier, rulesProblem, scoreOf, type Factor, type Rules } from './rules.ts'
import { checkTies } from './ties.ts'

const design = presets.default
const measured = (last_pull_days: number, pull_count: number, tags_count: number, age_days = 0) => ({
  last_pull_days,
  pull_count,
  tags_count,
  age_days,
})
const score = (rules: Rules, ...values: [number, number, number]) => scoreOf(rules, measured(...values)).score

suite('the default preset', () => {
  const edges = (rules: Rules, name: 'last_pull_days' | 'pull_count' | 'tags_count', values: number[]) =>
    values.map((value) => scoreOf(rules, { ...measured(0, 0, 0), [name]: value }).shares[name].share)

  test('S2-07: the last pull counts 0.5: up to 7 days all of it, up to 30 days 0.9, then 0.8', () => {
    assert.deepEqual(edges(design, 'last_pull_days', [0, 7, 8, 30, 31, 5000]), [50, 50, 45, 45, 40, 40])
  })
  test('S2-08: pulls count 0.3: from 50 all of it, from 10 on 0.9, below 0.8', () => {
    assert.deepEqual(edges(design, 'pull_count', [0, 9, 10, 49, 50, 1e9]), [24, 24, 27, 27, 30, 30])
  })
  test('S2-10: tags count 0.1: from 10 all of it, from 3 on 0.9, below 0.8', () => {
    assert.deepEqual(edges(design, 'tags_count', [0, 2, 3, 9, 10, 1e6]), [8, 8, 9, 9, 10, 10])
  })
  test('S2-09, S2-11: stars are no factor, and the age counts nothing unless rules give it a weight', () => {
    assert.deepEqual(factorNames, ['last_pull_days', 'pull_count', 'tags_count', 'age_days'])
    assert.equal(scoreOf(design, measured(3, 1000, 20, 1)).score, scoreOf(design, measured(3, 1000, 20, 999)).score)
    const young: Factor = { weight: 10, tiers: [{ from: 0, below: 30, multiplier: 100 }], beyond: 0 }
    const rules = { ...design, age_days: young }
    assert.equal(rulesProblem(rules), undefined)
    assert.deepEqual(
      [29, 30].map((age) => scoreOf(rules, measured(3, 1000, 20, age)).score),
      [100, 90],
    )
  })
  test('S2-12, S2-13: the score is the sum of the shares, from 0.72 to 0.90', () => {
    const { shares, score: sum } = scoreOf(design, measured(10, 1000, 2))
    assert.deepEqual(
      factorNames.map((name) => shares[name].share),
      [45, 30, 8, 0],
    )
    assert.equal(sum, 83)
    const { lowest, highest } = checkTies(design)
    assert.deepEqual([lowest, highest], [72, 90])
  })
  for (const [id, values, expected] of [
    ['S2-14', [3, 1000, 20], 90],
    ['S2-15', [10, 1000, 20], 85],
    ['S2-16', [20, 20, 2], 80],
    ['S2-17', [3, 20, 20], 87],
    ['S2-18', [20, 1000, 2], 83],
  ] as const) {
    test(`${id}: ${values.join(', ')} is ${expected} hundredths, exactly`, () => {
      assert.equal(score(design, ...(values as unknown as [number, number, number])), expected)
    })
  }
})

suite('the preset few-tags', () => {
  const few = presets['few-tags']
  test('S2-22: half-open ranges: days from 7 and 30, pulls from 100 and 1000, and fewer tags are better', () => {
    const shares = (...values: [number, number, number]) => {
      const found = scoreOf(few, measured(...values)).shares
      return [found.last_pull_days.share, found.pull_count.share, found.tags_count.share]
    }
    assert.deepEqual(shares(6, 1000, 4), [50, 30, 10])
    assert.deepEqual(shares(7, 999, 5), [45, 27, 9])
    assert.deepEqual(shares(29, 100, 19), [45, 27, 9])
    assert.deepEqual(shares(30, 99, 20), [40, 24, 8])
    assert.deepEqual(shares(364, 0, 2999), [40, 24, 8])
  })
  test('S2-23: after 365 days the last pull counts nothing, and 3000 tags count in full; the tier is named', () => {
    const { shares } = scoreOf(few, measured(365, 0, 3000))
    assert.deepEqual([shares.last_pull_days.share, shares.tags_count.share], [0, 10])
    assert.equal(nameTier(shares.last_pull_days.tier), 'in no tier')
    assert.equal(nameTier(shares.pull_count.tier), 'less than 100')
    assert.equal(nameTier(scoreOf(few, measured(29, 0, 0)).shares.last_pull_days.tier), '7 to 29')
  })
})

suite('ties', () => {
  const withFourTiers = (name: 'last_pull_days' | 'pull_count' | 'tags_count', edges: number[]): Factor => ({
    ...design[name],
    tiers: [0, ...edges].map((from, at, all) => ({
      from,
      below: all[at + 1] ?? null,
      multiplier: (name === 'last_pull_days' ? [100, 90, 80, 70] : [70, 80, 90, 100])[at]!,
    })),
  })

  test('S2-19, S2-21: in 27 combinations of the default preset 8 pairs share a score; the check names them', () => {
    const { combinations, scores, ties } = checkTies(design)
    assert.deepEqual([combinations, scores], [27, 19])
    assert.deepEqual(
      ties.map((tie) => tie.score),
      [77, 78, 79, 80, 82, 83, 84, 85],
    )
    assert.ok(ties.every((tie) => tie.combinations.length === 2))
    assert.deepEqual(ties.find((tie) => tie.score === 85)!.combinations, [
      { last_pull_days: 'less than 8', pull_count: '10 to 49', tags_count: 'less than 3' },
      { last_pull_days: '8 to 30', pull_count: '50 or more', tags_count: '10 or more' },
    ])
  })
  test('S2-19: a fourth tier for each factor makes 64 combinations with 28 scores', () => {
    const rules: Rules = {
      ...design,
      last_pull_days: withFourTiers('last_pull_days', [8, 31, 91]),
      pull_count: withFourTiers('pull_count', [5, 10, 50]),
      tags_count: withFourTiers('tags_count', [2, 3, 10]),
    }
    assert.equal(rulesProblem(rules), undefined)
    const { combinations, scores } = checkTies(rules)
    assert.deepEqual([combinations, scores], [64, 28])
  })
  test('S2-21: rules can be chosen so that there are none; values in no tier count as a tier of their own', () => {
    const two = (weight: number): Factor => ({ weight, tiers: [{ from: 3, below: 9, multiplier: 100 }], beyond: 0 })
    const rules = { ...design, last_pull_days: two(50), pull_count: two(30), tags_count: two(10) }
    const { combinations, scores, ties } = checkTies(rules)
    assert.deepEqual({ combinations, scores, ties }, { combinations: 8, scores: 8, ties: [] })
  })
})

test('S2-21: rules that cannot be used are refused with a sentence that names the factor', () => {
  const { pull_count: pulls } = design
  const refused: [Partial<Rules>, RegExp][] = [
    [{ pull_count: { ...pulls, weight: 60 } }, /add up to 120 hundredths/],
    [Object.fromEntries(factorNames.map((name) => [name, { ...design[name], weight: 0 }])), /all weights are 0/],
    [{ pull_count: { ...pulls, tiers: [{ from: 9, below: 9, multiplier: 90 }] } }, /^pull_count: .* holds no value/],
    [
      {
        pull_count: {
          ...pulls,
          tiers: [
            { from: 5, below: 9, multiplier: 90 },
            { from: 0, below: 6, multiplier: 80 },
          ],
        },
      },
      /^pull_count: the tier from 0 overlaps/,
    ],
    [{ tags_count: { ...design.tags_count, weight: 15 } }, /^tags_count: 90 hundredths of the weight 15 are 13\.5;/],
  ]
  for (const [change, problem] of refused) assert.match(rulesProblem({ ...design, ...change }) ?? '', problem)
  for (const rules of Object.values(presets)) assert.equal(rulesProblem(rules), undefined)
})

test('S2-28, S2-29: in the list of the notes 54 repositories are in the highest tier of pulls, 46 in the next', () => {
  const counts = pulledMost.map(({ pulls }) => pulls)
  const sum = counts.reduce((all, one) => all + one, 0)
  assert.deepEqual([pulledMost.length, new Set(pulledMost.map(({ name }) => name)).size, sum], [100, 100, 53_943])
  assert.deepEqual(
    counts,
    counts.toSorted((a, b) => b - a),
  )
  assert.deepEqual(
    [pulledMost[0], pulledMost.at(-1)],
    [
      { name: 'library/mysql', pulls: 13_431 },
      { name: 'backend/locust', pulls: 14 },
    ],
  )
  const multipliers = counts.map((pulls) => scoreOf(design, measured(0, pulls, 0)).shares.pull_count.multiplier)
  assert.deepEqual(
    [100, 90, 80].map((wanted) => multipliers.filter((one) => one === wanted).length),
    [54, 46, 0],
  )
  assert.equal(((counts[0]! + counts[1]!) / sum).toFixed(3), '0.494')
})
