import assert from 'node:assert/strict'
import { test } from 'node:test'
import { OciError } from '../../oci/errors.ts'
import { parseRequest } from './request.ts'

const digest = `sha256:${'a'.repeat(64)}`
const id = '01234567-89ab-cdef-0123-456789abcdef'
const codeOf = (target: string) => {
  try {
    return JSON.stringify(parseRequest(target))
  } catch (error) {
    return error instanceof OciError ? error.code : String(error)
  }
}
const endpoint = (target: string) => {
  const { query: _, ...rest } = parseRequest(target)
  return rest
}

test('every endpoint of the specification is recognized by its path', () => {
  assert.deepEqual(endpoint('/v2/'), { at: 'base' })
  assert.deepEqual(endpoint('/v2'), { at: 'base' })
  assert.deepEqual(endpoint('/v2/_catalog?n=3'), { at: 'catalog' })
  assert.deepEqual(endpoint('/v2/a/b/tags/list'), { at: 'tags', name: 'a/b' })
  assert.deepEqual(endpoint('/v2/a/b/manifests/latest'), { at: 'manifest', name: 'a/b', reference: { tag: 'latest' } })
  assert.deepEqual(endpoint(`/v2/a/b/manifests/${digest}`), { at: 'manifest', name: 'a/b', reference: { digest } })
  assert.deepEqual(endpoint(`/v2/a/b/blobs/${digest}`), { at: 'blob', name: 'a/b', digest })
  assert.deepEqual(endpoint('/v2/a/b/blobs/uploads/'), { at: 'uploads', name: 'a/b' })
  assert.deepEqual(endpoint('/v2/a/b/blobs/uploads'), { at: 'uploads', name: 'a/b' })
  assert.deepEqual(endpoint(`/v2/a/b/blobs/uploads/${id}`), { at: 'upload', name: 'a/b', id })
  assert.deepEqual(endpoint(`/v2/a/b/referrers/${digest}?artifactType=x/y`), { at: 'referrers', name: 'a/b', digest })
  assert.equal(parseRequest('/v2/a/b/tags/list?n=2&last=b%2Bc').query.get('last'), 'b+c')
})

test('a repository may be named like an endpoint, at any depth', () => {
  const names = [
    'x/blobs',
    'x/manifests',
    'x/tags/list',
    'x/tags',
    'x/referrers',
    'x/blobs/uploads',
    'blobs/uploads',
    'manifests/manifests',
    'tags/list',
    'v2/v2',
    'x/manifests/latest',
    'a/b/c/d/e/f/g/h/i/j',
    'a/blobs/uploads/x',
  ]
  for (const name of names) {
    assert.deepEqual(endpoint(`/v2/${name}/manifests/latest`), { at: 'manifest', name, reference: { tag: 'latest' } })
    assert.deepEqual(endpoint(`/v2/${name}/tags/list`), { at: 'tags', name })
    assert.deepEqual(endpoint(`/v2/${name}/blobs/${digest}`), { at: 'blob', name, digest })
    assert.deepEqual(endpoint(`/v2/${name}/blobs/uploads/`), { at: 'uploads', name })
    assert.deepEqual(endpoint(`/v2/${name}/blobs/uploads/${id}`), { at: 'upload', name, id })
    assert.deepEqual(endpoint(`/v2/${name}/referrers/${digest}`), { at: 'referrers', name, digest })
  }
})

test('a tag may be named like a part of a path', () => {
  for (const tag of ['manifests', 'blobs', 'uploads', 'list', 'tags', '_catalog'])
    assert.deepEqual(endpoint(`/v2/a/b/manifests/${tag}`), { at: 'manifest', name: 'a/b', reference: { tag } })
})

test('percent-encoding of characters that need none changes nothing', () => {
  assert.deepEqual(endpoint(`/v2/a/b/manifests/${encodeURIComponent(digest)}`), {
    at: 'manifest',
    name: 'a/b',
    reference: { digest },
  })
  assert.deepEqual(endpoint('/v2/%61/b/m%61nifests/l%61test'), {
    at: 'manifest',
    name: 'a/b',
    reference: { tag: 'latest' },
  })
})

test('X25: names that other programs could misread are NAME_INVALID', () => {
  const names = [
    'a//b',
    '/a/b',
    'A/b',
    'a/B',
    'a/../b',
    'a/./b',
    '..',
    '../..',
    'a/..',
    '../a',
    'a%2fb',
    'a%2Fb',
    'a/%2e%2e/b',
    'a/%2E%2E',
    'a/.%2e/b',
    'a%2f..%2fb',
    'a/%252e%252e/b',
    'a%5cb/c',
    'a/b%00',
    'a/%00',
    '_catalog/x',
    'a/b.',
    'a/b-',
    'a/.b',
    'a/-b',
    'a/b%20c',
    'a/b%0a',
    'a/b%0d%0aX:y',
    'a/%ff',
    'a/%c0%ae%c0%ae',
    'a/%',
    'a/%zz',
    'a/%c3%bc',
    '%D0%B0/b',
    'a/b%E2%80%8B',
    'a/b%EF%BC%8Fc',
    'a\\..\\b/c',
    `a/${'b'.repeat(254)}`,
    'a/b;v=1',
    'a/b:80',
    'a/b@x',
    'a/~b',
    'a/b+c',
    "a/b'c",
    'a/b"c',
    'a/$b',
    'a/{b}',
    'a/*',
  ]
  const tails = [
    'manifests/latest',
    'tags/list',
    `blobs/${digest}`,
    'blobs/uploads/',
    `blobs/uploads/${id}`,
    `referrers/${digest}`,
  ]
  for (const name of names)
    for (const tail of tails) assert.equal(codeOf(`/v2/${name}/${tail}`), 'NAME_INVALID', `${name} ${tail}`)
})

test('a name without a project is DENIED, which clients do not retry', () => {
  for (const name of ['a', 'library', 'x'.repeat(255)])
    assert.equal(codeOf(`/v2/${name}/blobs/uploads/`), 'DENIED', name)
})

test('X25: a path without a name, or with only a part of an endpoint, is refused', () => {
  for (const target of [
    '/v2/manifests/latest',
    '/v2/tags/list',
    `/v2/blobs/${digest}`,
    '/v2/blobs/uploads/',
    `/v2/referrers/${digest}`,
    '/v2//',
    '/v2/a',
    '/v2/a/b',
    '/v2/a/b/',
    '/v2/a/b/c',
    '/v2/a/b/tags',
    '/v2/a/b/tags/list/',
    '/v2/_catalog/',
    '/v2/_catalog/x',
    '/v2/a/b/tags/other',
  ]) {
    assert.match(codeOf(target), /^(NOT_FOUND|NAME_INVALID|DIGEST_INVALID|DENIED)$/, target)
  }
})

test('a malformed digest is DIGEST_INVALID, a malformed tag TAG_INVALID', () => {
  for (const bad of [
    'latest',
    'sha256:abc',
    `sha256:${'A'.repeat(64)}`,
    `md5:${'a'.repeat(32)}`,
    '..',
    '%2e%2e',
    '%00',
    '',
  ]) {
    assert.equal(codeOf(`/v2/a/b/blobs/${bad}`), 'DIGEST_INVALID', bad)
    assert.equal(codeOf(`/v2/a/b/referrers/${bad}`), 'DIGEST_INVALID', bad)
  }
  for (const bad of ['..', '%2e%2e', '.x', '-x', 'a%20b', 'a%00', '', 'a'.repeat(129)])
    assert.equal(codeOf(`/v2/a/b/manifests/${bad}`), 'TAG_INVALID', bad)
  assert.equal(codeOf('/v2/a/b/manifests/sha256:abc'), 'DIGEST_INVALID')
  assert.equal(codeOf('/v2/a/b/manifests/x%2fy'), 'NAME_INVALID')
})

test('a malformed upload id is BLOB_UPLOAD_UNKNOWN', () => {
  for (const bad of ['x', '..', '%2e%2e', id.toUpperCase(), `${id}0`, id.slice(1), `${id}%00`, '%27or%271', '_state'])
    assert.equal(codeOf(`/v2/a/b/blobs/uploads/${bad}`), 'BLOB_UPLOAD_UNKNOWN', bad)
})
