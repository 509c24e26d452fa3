import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeRepositoryName } from './path.ts'

const base = '/api/v2.0/projects/p/repositories/'

test('a repository name becomes one segment, however often a client encoded it', () => {
  for (const name of ['a/b', 'a%2Fb', 'a%252Fb', 'a%2fb']) {
    assert.equal(encodeRepositoryName(`${base}${name}`), `${base}a%2Fb`)
    assert.equal(encodeRepositoryName(`${base}${name}/artifacts?page=2`), `${base}a%2Fb/artifacts?page=2`)
    assert.equal(
      encodeRepositoryName(`${base}${name}/artifacts/latest/tags/v1`),
      `${base}a%2Fb/artifacts/latest/tags/v1`,
    )
    assert.equal(
      encodeRepositoryName(`${base}${name}/artifacts/sha256:ab/additions/readme.md`),
      `${base}a%2Fb/artifacts/sha256:ab/additions/readme.md`,
    )
  }
})

test('a repository may be called artifacts', () => {
  assert.equal(encodeRepositoryName(`${base}artifacts`), `${base}artifacts`)
  assert.equal(encodeRepositoryName(`${base}x%2Fartifacts`), `${base}x%2Fartifacts`)
  assert.equal(encodeRepositoryName(`${base}x/artifacts/artifacts`), `${base}x%2Fartifacts/artifacts`)
  assert.equal(
    encodeRepositoryName(`${base}x/artifacts/y/artifacts/v1/tags`),
    `${base}x%2Fartifacts%2Fy/artifacts/v1/tags`,
  )
})

test('other paths, and percent signs that encode nothing, stay as they are', () => {
  assert.equal(encodeRepositoryName('/api/v2.0/projects/p/repositories'), '/api/v2.0/projects/p/repositories')
  assert.equal(encodeRepositoryName('/api/v2.0/repositories?q=a%2Fb'), '/api/v2.0/repositories?q=a%2Fb')
  assert.equal(encodeRepositoryName(`${base}%zz`), `${base}%25zz`)
})
