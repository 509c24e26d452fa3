import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OciError } from './errors.ts'
import {
  isRepositoryName,
  parseReference,
  parseRepositoryName,
  parseTag,
  projectOf,
  type RepositoryName,
} from './reference.ts'

const codeOf = (work: () => unknown) => {
  try {
    work()
    return undefined
  } catch (error) {
    return error instanceof OciError ? error.code : String(error)
  }
}

test('repository names of the specification, of any depth, are names', () => {
  const names = [
    'a/b',
    'library/alpine',
    'a/b/c/d/e/f/g/h',
    '0/0',
    'a.b/c_d',
    'a__b/c',
    'a-b/c--d/e---f',
    'x/blobs',
    'x/manifests',
    'x/tags/list',
    'x/blobs/uploads',
    `a/${'b'.repeat(253)}`,
  ]
  for (const name of names) assert.equal(parseRepositoryName(name), name)
})

test('no other text is a repository name', () => {
  const wrong = [
    '',
    'a',
    'a/',
    '/a/b',
    'a//b',
    'A/b',
    'a/B',
    'a/../b',
    'a/./b',
    '../a/b',
    'a/..',
    'a%2fb',
    'a/b%00',
    'a/b\0',
    'a/b\n',
    'a/b ',
    ' a/b',
    'a/b.',
    'a/.b',
    'a/b-',
    'a/-b',
    'a/b_',
    'a/_b',
    'a/b..c',
    'a/b._c',
    'a/b___c',
    'a/b_-c',
    '_catalog/x',
    'a\\b/c',
    'a/b:c',
    'a/b@c',
    'a/ü',
    'а/b',
    'a/b\u200d',
    'a/ｂ',
    'a/b;c',
    'a/b?c',
    'a/b#c',
    `a/${'b'.repeat(254)}`,
  ]
  for (const name of wrong) {
    assert.equal(isRepositoryName(name), false, JSON.stringify(name))
    assert.match(
      codeOf(() => parseRepositoryName(name)) ?? '',
      /^[a-z0-9]+$/.test(name) ? /^DENIED$/ : /^NAME_INVALID$/,
      JSON.stringify(name),
    )
  }
})

test('a name is checked in linear time, however it is made', () => {
  const evil = [
    `a/${'a-'.repeat(50_000)}!`,
    `a/${'_'.repeat(100_000)}`,
    'a/'.repeat(50_000),
    `${'a--'.repeat(80)}a/${'-'.repeat(20)}`,
  ]
  const started = process.cpuUsage()
  for (const name of evil) assert.equal(isRepositoryName(name), false)
  assert.ok(process.cpuUsage(started).user < 100_000)
})

test('the project is the first component', () => {
  assert.equal(projectOf('a/b/c' as RepositoryName), 'a')
})

test('tags are up to 128 letters, digits, underscores, dots and dashes, the first no dot or dash', () => {
  for (const tag of ['a', 'A', '_', '0', 'v1.2-rc_3', 'latest', 'a'.repeat(128), '1..2', 'a-'])
    assert.equal(parseTag(tag), tag)
  for (const tag of ['', '.', '..', '-a', '.a', 'a b', 'a/b', 'a%20', 'a\0', 'a\n', 'ü', 'a+b', 'a'.repeat(129)])
    assert.equal(
      codeOf(() => parseTag(tag)),
      'TAG_INVALID',
      JSON.stringify(tag),
    )
})

test('a reference is a digest or a tag; one with a colon must be a digest', () => {
  const digest = `sha256:${'0'.repeat(64)}`
  assert.deepEqual(parseReference(digest), { digest })
  assert.deepEqual(parseReference('latest'), { tag: 'latest' })
  for (const text of ['sha256:abc', 'a:b', `md5:${'0'.repeat(32)}`, ':'])
    assert.equal(
      codeOf(() => parseReference(text)),
      'DIGEST_INVALID',
      text,
    )
  assert.equal(
    codeOf(() => parseReference('')),
    'TAG_INVALID',
  )
})
