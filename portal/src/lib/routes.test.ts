import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linksOf } from './links.ts'
import { fillPath, matchPath } from './routes.ts'

test('a pattern gives the parts of a path that it names, and slashes belong to the parts that take several', () => {
  const artifact = '/p/:project/-/r/:repository*/-/a/:digest'
  const cases: [pattern: string, path: string, params: Record<string, string> | undefined][] = [
    ['/projects', '/projects', {}],
    ['/projects', '/projects/', {}],
    ['/projects', '/projects/x', undefined],
    ['/p/:project', '/p/te%20am', { project: 'te am' }],
    ['/p/:project', '/p/a/b', undefined],
    ['/p/:project', '/p/%E0%A4%A', undefined],
    ['/p/:project/-/r/:repository*', '/p/team/-/r/apps/web', { project: 'team', repository: 'apps/web' }],
    ['/p/:project/-/r/:repository*', '/p/team/-/r/apps/web/-/a/sha256:1', undefined],
    [artifact, '/p/team/-/r/apps/web/-/a/sha256:1', { project: 'team', repository: 'apps/web', digest: 'sha256:1' }],
    [artifact, '/p/team/-/r/web/-/a/sha256:1', { project: 'team', repository: 'web', digest: 'sha256:1' }],
    ['/a.b/:x', '/aXb/1', undefined],
  ]
  for (const [pattern, path, params] of cases) assert.deepEqual(matchPath(pattern, path), params, `${pattern} ${path}`)
})

test('a filled path is matched with the same values, whatever they are', () => {
  const pattern = '/p/:project/-/r/:repository*/-/a/:digest'
  for (const repository of ['web', 'a/b/c', 'a b/ü', '100%/x?y#z', '‮evil']) {
    const params = { project: 'a/b', repository, digest: 'sha256:0' }
    assert.deepEqual(matchPath(pattern, fillPath(pattern, params)), params)
  }
})

test('links of a page of a list give what differs from page to page', () => {
  const next = '</api/v2.0/projects?q=a&page=2&page_size=25&after=eyJ%3D>; rel="next"'
  const link = `${next} , </api/v2.0/projects?page=1&page_size=25>; rel="prev"`
  assert.deepEqual(linksOf(link), { next: { page: '2', after: 'eyJ=' }, prev: { page: '1' } })
  assert.deepEqual(linksOf(''), {})
})
