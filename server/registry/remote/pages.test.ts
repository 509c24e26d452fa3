import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import type { RepositoryName } from '../../../oci/reference.ts'
import { openOtherRemote, openOtherSide, sendError, sendJson, type Answering } from '../../testing/other-side.ts'
import { RemoteFailed } from './remote.ts'

const app = 'team/app' as RepositoryName

/** Answers `/v2/`, and lists by `page(query, response)`. */
const listing =
  (page: (query: URLSearchParams, response: ServerResponse, path: string) => unknown): Answering =>
  (request, response) => {
    const url = new URL(request.url!, 'http://x')
    if (url.pathname === '/v2/') return response.end('{}')
    return page(url.searchParams, response, url.pathname)
  }
const failsWith = (reason: RemoteFailed['reason'], pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof RemoteFailed, String(error))
  assert.equal(error.reason, reason, error.message)
  assert.match(error.message, pattern)
  return true
}
const all = async (names: AsyncGenerator<string>) => {
  const found: string[] = []
  for await (const name of names) found.push(name)
  return found
}

test('the next page is found in every form of Link', async () => {
  const links: ((host: string) => string)[] = [
    () => '</v2/_catalog?page=2>; rel="next"',
    () => '<?page=2>; rel=next',
    (host) => `<http://${host}/v2/_catalog?page=2>; title="a, <b>; rel=\\"x\\""; rel="prefetch next"`,
    (host) => `<https://${host}/v2/_catalog?page=2>;rel=next`,
    () => '</other>; rel="prev", </v2/_catalog?page=2>; REL="NEXT", </third>; rel="last"',
  ]
  for (const link of links) {
    await using side = await openOtherSide(
      listing((query, response) => {
        if (query.get('page') === '2') return sendJson(response, { repositories: ['b/c'] })
        const host = new URL(side.url).host
        return sendJson(response, { repositories: ['a/b'] }, 200, { link: link(host) })
      }),
    )
    using remote = openOtherRemote({ url: side.url })
    assert.deepEqual(await all(remote.repositories()), ['a/b', 'b/c'], link('host'))
  }
})

test('a full page without Link is followed by `last`, also where `last` is unknown', async () => {
  const names = Array.from({ length: 2500 }, (_, index) => `team/app${String(index).padStart(4, '0')}`)
  await using side = await openOtherSide(
    listing((query, response) => {
      const from = names.findIndex((name) => name > (query.get('last') ?? ''))
      const repositories = from < 0 ? [] : names.slice(from, from + Number(query.get('n')))
      return sendJson(response, { repositories })
    }),
  )
  using remote = openOtherRemote({ url: side.url })
  assert.deepEqual(await all(remote.repositories()), names)
  assert.equal(side.asked.length, 1 + 3)

  await using deaf = await openOtherSide(listing((_, response) => sendJson(response, { tags: ['b', 'a', 'c'] })))
  using other = openOtherRemote({ url: deaf.url })
  assert.deepEqual(await other.listTags(app, { limit: 3, last: '' }), ['a', 'b', 'c'])
  assert.deepEqual(await other.listTags(app, { limit: 1, last: 'a' }), ['b'])
})

test('a catalog of 100,000 repositories is streamed, page by page', async () => {
  const [count, size] = [100_000, 1000]
  await using side = await openOtherSide(
    listing((query, response) => {
      const from = Number(query.get('last') ?? 0)
      const repositories = Array.from({ length: size }, (_, index) => `team/app${from + index}`)
      const next = from + size
      const link = next < count ? { link: `</v2/_catalog?n=${size}&last=${next}>; rel="next"` } : {}
      // The last page is full, and the registry says that nothing follows.
      return sendJson(response, { repositories: from < count ? repositories : [] }, 200, link)
    }),
  )
  using remote = openOtherRemote({ url: side.url })
  let [seen, ahead] = [0, 0]
  for await (const name of remote.repositories()) {
    assert.equal(name, `team/app${seen++}`)
    ahead = Math.max(ahead, side.asked.length * size - seen)
  }
  assert.equal(seen, count)
  // Never more than one page is read before its names are wanted (and the ping, which is counted as a page here).
  assert.ok(ahead <= 2 * size + size, `${ahead} names ahead`)
})

test('pages that lead in a circle, repeat themselves, have no end or are on another host are an error', async () => {
  const circle = (length: number) =>
    listing((query, response) => {
      const page = Number(query.get('page') ?? 0)
      const link = `</v2/_catalog?page=${(page + 1) % length}>; rel="next"`
      return sendJson(response, { repositories: [`team/app${page}`] }, 200, { link })
    })
  const table: [Answering, RegExp][] = [
    [circle(1), /circle/],
    [circle(2), /circle/],
    [circle(7), /circle/],
    [
      listing((query, response) => {
        const link = `</v2/_catalog?page=${Number(query.get('page') ?? 0) + 1}>; rel="next"`
        return sendJson(response, { repositories: ['team/app'] }, 200, { link })
      }),
      /circle/,
    ],
    [circle(1e9), /more than 50 pages/],
    [
      listing((_, response) =>
        sendJson(response, { repositories: ['a/b'] }, 200, { link: '<http://x.example/>; rel=next' }),
      ),
      /another host/,
    ],
  ]
  for (const [answer, pattern] of table) {
    await using side = await openOtherSide(answer)
    using remote = openOtherRemote({ url: side.url }, { pages: 50 })
    await assert.rejects(all(remote.repositories()), failsWith('lied', pattern))
    assert.ok(side.asked.length <= 52, String(side.asked.length))
  }
})

test('what is not a list is an error, and names that are none are left out', async () => {
  const bodies: [string, string][] = [
    ['<html>Welcome</html>', 'text/html'],
    ['{"repositories":"a"}', 'application/json'],
    ['{"repositories":[1]}', 'application/json'],
    ['null', 'application/json'],
    ['', 'application/json'],
  ]
  for (const [body, type] of bodies) {
    await using side = await openOtherSide(
      listing((_, response) => response.writeHead(200, { 'content-type': type }).end(body)),
    )
    using remote = openOtherRemote({ url: side.url })
    await assert.rejects(all(remote.repositories()), failsWith('not-a-registry', /check the URL/), body)
  }
  const repositories = ['ok', 'a/../b', 'UPPER', 'a//b', 'x'.repeat(256), 'a/b']
  await using side = await openOtherSide(
    listing((_, response, path) =>
      path === '/v2/_catalog' ? sendJson(response, { repositories }) : sendError(response, 404, 'NAME_UNKNOWN'),
    ),
  )
  using remote = openOtherRemote({ url: side.url })
  assert.deepEqual(await all(remote.repositories()), ['ok', 'a/b'])
  await assert.rejects(all(remote.tags(app)), (error) => error instanceof RemoteFailed && error.code === 'NAME_UNKNOWN')
})

test('a page without an end is cut at its limit', async () => {
  await using side = await openOtherSide(
    listing((_, response) => {
      response.write('{"repositories":["')
      const chunk = 'a'.repeat(64 * 1024)
      const more = () => {
        while (!response.destroyed && response.write(chunk));
      }
      response.on('drain', more)
      more()
    }),
  )
  using remote = openOtherRemote({ url: side.url }, { answerBytes: 1024 * 1024 })
  await assert.rejects(all(remote.repositories()), failsWith('not-a-registry', /more than 1048576 bytes/))
})
