import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  compileSelection,
  countStars,
  filterTags,
  openYield,
  patternProblem,
  takesArtifact,
  type Choice,
} from './selector.ts'

const takes = (repositories: Choice[], tags: Choice[], repository: string, given: string[]) =>
  takesArtifact(openYield(), compileSelection({ repositories, tags }), repository, given)

test('a selection takes what all its choices take, and everything without choices', async () => {
  const team = [{ pattern: 'team/**' }, { pattern: '**/scratch', excludes: true }]
  const releases = [{ pattern: 'rel-*' }, { pattern: '*-rc', excludes: true }]
  assert.equal(await takes([], [], 'any/thing', []), true)
  assert.deepEqual([await takes(team, [], 'team/app', []), await takes(team, [], 'team/scratch', [])], [true, false])
  assert.equal(await takes(team, releases, 'team/app', ['x', 'rel-1']), true)
  assert.equal(await takes(team, releases, 'team/app', ['x', 'rel-1-rc']), false)
  assert.equal(await takes(team, releases, 'team/app', []), false, 'what has no tag has none that is chosen')
})

test('the tags that are chosen stay in their order', async () => {
  const { takesTag } = compileSelection({ repositories: [], tags: [{ pattern: 'v*' }] })
  assert.deepEqual(await filterTags(openYield(), ['v2', 'x', 'v1'], takesTag), ['v2', 'v1'])
})

test('a pattern that cannot be read is reported, and stars are counted', () => {
  assert.equal(patternProblem('v*'), undefined)
  assert.equal(patternProblem('[a'), '[ is not closed')
  assert.equal(countStars(['a*', '**', 'b']), 2)
})

test('X27: other work runs while a slow pattern is compared with many tags', async () => {
  const { takesTag } = compileSelection({ repositories: [], tags: [{ pattern: `${'*t'.repeat(49)}a` }] })
  const tags = Array.from({ length: 300 }, (_, index) => `${'t'.repeat(120)}${index}`)
  let turns = 0
  const timer = setInterval(() => turns++, 1)
  assert.deepEqual(await filterTags(openYield(), tags, takesTag), [])
  clearInterval(timer)
  assert.ok(turns > 1, `others had ${turns} turns`)
})
