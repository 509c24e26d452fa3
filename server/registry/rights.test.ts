import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { digestOf } from '../../oci/digest.ts'
import { fresh, givenCast, pushBlob, pushImage, pushReferrer, type PushedImage } from '../testing/given.ts'
import { expectAnswer, type Person } from '../testing/http.ts'
import { openTestMarina, type TestMarina } from '../testing/server.ts'

let marina: TestMarina
let cast: Awaited<ReturnType<typeof givenCast>>
let image: PushedImage
let inA: string
let inP: string
before(async () => {
  marina = await openTestMarina()
  cast = await givenCast(marina)
  inA = `${cast.A.name}/app`
  inP = `${cast.P.name}/app`
  image = await pushImage(marina, inA, { tag: 'v1' })
  await pushImage(marina, inP, { tag: 'v1' })
})
after(() => marina[Symbol.asyncDispose]())

const challengeOf = (scope?: string, error?: string) =>
  `Bearer realm="${marina.url}/service/token",service="harbor-registry"` +
  `${scope ? `,scope="${scope}"` : ''}${error ? `,error="${error}"` : ''}`
const unknownUpload = '00000000-0000-4000-8000-000000000000'

test('C-29: the version check is 401 with a challenge without credentials, and 200 with good ones', async () => {
  for (const path of ['/v2/', '/v2']) {
    const answer = expectAnswer(await marina.ask('GET', path), 401, 'UNAUTHORIZED')
    assert.equal(answer.headers['www-authenticate'], challengeOf())
    assert.equal(answer.headers['docker-distribution-api-version'], 'registry/2.0')
  }
  expectAnswer(await marina.ask('GET', '/v2/', { as: cast.guA }), 200)
  expectAnswer(await marina.ask('GET', '/v2/', { token: await marina.token(cast.guA, `repository:${inA}:pull`) }), 200)
})

test('C-30: a pull from a public project is challenged without a token, and works with an anonymous one', async () => {
  for (const method of ['GET', 'HEAD']) {
    const refused = await marina.ask(method, `/v2/${inP}/manifests/v1`)
    assert.deepEqual(
      [refused.status, refused.headers['www-authenticate']],
      [401, challengeOf(`repository:${inP}:pull`)],
    )
    const token = await marina.token(undefined, `repository:${inP}:pull`)
    assert.equal((await marina.ask(method, `/v2/${inP}/manifests/v1`, { token })).status, 200)
  }
})

test('C-31: without rights, forbidden and absent repositories and absent projects get the same answer', async () => {
  const tail = `blobs/${image.config}`
  for (const as of [undefined, cast.uaB]) {
    const answers = []
    for (const name of [inA, `${cast.A.name}/nothing`, 'nosuchproject/nothing']) {
      const { status, headers, text } = await marina.ask('GET', `/v2/${name}/${tail}`, { as })
      answers.push(JSON.stringify([status, text, headers['www-authenticate']]).replaceAll(name, '<name>'))
    }
    assert.equal(new Set(answers).size, 1, answers.join('\n'))
    assert.match(answers[0]!, /^\[401/)
  }
})

test('C-31: a caller who may pull is told what is absent', async () => {
  expectAnswer(
    await marina.ask('GET', `/v2/${cast.A.name}/nothing/manifests/v1`, { as: cast.guA }),
    404,
    'NAME_UNKNOWN',
  )
  expectAnswer(await marina.ask('GET', `/v2/${cast.A.name}/nothing/tags/list`, { as: cast.guA }), 404, 'NAME_UNKNOWN')
  expectAnswer(await marina.ask('GET', `/v2/${inA}/manifests/none`, { as: cast.guA }), 404, 'MANIFEST_UNKNOWN')
  expectAnswer(
    await marina.ask('GET', `/v2/${inA}/blobs/${digestOf(Buffer.from('none'))}`, { as: cast.guA }),
    404,
    'BLOB_UNKNOWN',
  )
})

test('C-32: a refused password is challenged for Basic, except in browsers, a refused token for Bearer', async () => {
  const wrong = { ...cast.guA, password: 'Wrong12345' }
  assert.equal((await marina.ask('GET', '/v2/', { as: wrong })).headers['www-authenticate'], 'Basic realm="harbor"')
  for (const header of ['sec-fetch-mode', 'sec-fetch-site']) {
    assert.equal(
      (await marina.ask('GET', '/v2/', { as: wrong, headers: { [header]: 'cors' } })).headers['www-authenticate'],
      undefined,
    )
  }
  assert.equal(
    (await marina.ask('GET', '/v2/', { token: 'a.b.c' })).headers['www-authenticate'],
    challengeOf(undefined, 'invalid_token'),
  )
  const narrow = await marina.token(cast.guA, 'repository:other/x:pull')
  assert.equal(
    (await marina.ask('GET', `/v2/${inA}/tags/list`, { token: narrow })).headers['www-authenticate'],
    challengeOf(`repository:${inA}:pull`, 'insufficient_scope'),
  )
})

test('C-33: a challenge names exactly the scopes that the request needs', async () => {
  const scopeOf = async (method: string, path: string) =>
    /scope="([^"]*)"/.exec((await marina.ask(method, path)).headers['www-authenticate'] ?? '')?.[1]
  assert.equal(await scopeOf('GET', `/v2/${inA}/manifests/v1`), `repository:${inA}:pull`)
  assert.equal(await scopeOf('HEAD', `/v2/${inA}/blobs/${image.config}`), `repository:${inA}:pull`)
  assert.equal(await scopeOf('GET', `/v2/${inA}/referrers/${image.digest}`), `repository:${inA}:pull`)
  assert.equal(await scopeOf('POST', `/v2/${inA}/blobs/uploads/`), `repository:${inA}:pull,push`)
  assert.equal(await scopeOf('PUT', `/v2/${inA}/manifests/v1`), `repository:${inA}:pull,push`)
  assert.equal(await scopeOf('DELETE', `/v2/${inA}/manifests/v1`), `repository:${inA}:delete`)
  assert.equal(await scopeOf('GET', `/v2/_catalog`), 'registry:catalog:*')
  assert.equal(
    await scopeOf('POST', `/v2/${inA}/blobs/uploads/?mount=${image.config}&from=${inP}`),
    `repository:${inA}:pull,push repository:${inP}:pull`,
  )
  assert.equal(
    await scopeOf(
      'POST',
      `/v2/${inA}/blobs/uploads/?mount=${image.config}&from=${encodeURIComponent('x",evil="\r\ny')}`,
    ),
    `repository:${inA}:pull,push repository:xevily:pull`,
  )
})

/** Every endpoint by method, and the users who may call it in project A, where it does something or finds nothing. */
const pull = ['uaA', 'maA', 'deA', 'guA', 'laA', 'sys']
const push = ['uaA', 'maA', 'deA', 'sys']
const remove = ['uaA', 'maA', 'sys']
const none = digestOf(Buffer.from('not there'))
const matrix: [method: string, tail: string, allowed: string[]][] = [
  ...['GET', 'HEAD'].flatMap((method): [string, string, string[]][] => [
    [method, 'tags/list', pull],
    [method, 'manifests/v1', pull],
    [method, `manifests/${none}`, pull],
    [method, `blobs/${none}`, pull],
    [method, `referrers/${none}`, pull],
    [method, `blobs/uploads/${unknownUpload}`, push],
  ]),
  ['POST', 'blobs/uploads/', push],
  ['POST', `blobs/uploads/?digest=${none}`, push],
  ['POST', `blobs/uploads/?mount=${none}&from=library/x`, push],
  ['PATCH', `blobs/uploads/${unknownUpload}`, push],
  ['PUT', `blobs/uploads/${unknownUpload}?digest=${none}`, push],
  ['DELETE', `blobs/uploads/${unknownUpload}`, push],
  ['PUT', 'manifests/never', push],
  ['DELETE', 'manifests/never', remove],
  ['DELETE', `manifests/${none}`, remove],
  ['DELETE', `blobs/${none}`, remove],
]

test('C-34, C-35: every endpoint lets through exactly the roles that have its right', async () => {
  const people = Object.fromEntries(
    ['uaA', 'maA', 'deA', 'guA', 'laA', 'uaB', 'sys', 'anon'].map((who) => [
      who,
      cast[who as keyof typeof cast] as Person | undefined,
    ]),
  )
  for (const [method, tail, allowed] of matrix) {
    for (const [who, as] of Object.entries(people)) {
      const { status } = await marina.ask(method, `/v2/${inA}/${tail}`, { as })
      assert.equal(status !== 401, allowed.includes(who), `${who} ${method} ${tail}: ${status}`)
    }
  }
})

test('C-34: in a public project anonymous callers and members of other projects can only pull', async () => {
  for (const [method, tail, allowed] of matrix) {
    for (const [who, token] of [
      ['anon', await marina.token(undefined, `repository:${inP}:pull,push,delete`)],
      ['uaB', await marina.token(cast.uaB, `repository:${inP}:pull,push,delete`)],
    ] as const) {
      const { status } = await marina.ask(method, `/v2/${inP}/${tail}`, { token })
      assert.equal(status !== 401, allowed === pull, `${who} ${method} ${tail}: ${status}`)
    }
  }
})

test('C-34: other methods are 405 and say which are allowed', async () => {
  const paths: [string, string][] = [
    ['/v2/', 'GET, HEAD'],
    ['/v2/_catalog', 'GET, HEAD'],
    [`/v2/${inA}/tags/list`, 'GET, HEAD'],
    [`/v2/${inA}/manifests/v1`, 'GET, HEAD, PUT, DELETE'],
    [`/v2/${inA}/blobs/${none}`, 'GET, HEAD, DELETE'],
    [`/v2/${inA}/blobs/uploads/`, 'POST'],
    [`/v2/${inA}/blobs/uploads/${unknownUpload}`, 'GET, HEAD, PATCH, PUT, DELETE'],
    [`/v2/${inA}/referrers/${none}`, 'GET, HEAD'],
  ]
  for (const [path, allow] of paths) {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'PURGE'].filter(
      (one) => !allow.split(', ').includes(one),
    )) {
      const answer = expectAnswer(await marina.ask(method, path, { as: marina.admin }), 405, 'UNSUPPORTED')
      assert.equal(answer.headers.allow, allow)
    }
  }
})

test('C-35, D09: an upload belongs to its repository', async () => {
  const { headers } = expectAnswer(await marina.ask('POST', `/v2/${inA}/blobs/uploads/`, { as: cast.sys }), 202)
  const foreign = headers.location!.replace(inA, inP)
  for (const [method, query] of [
    ['GET', ''],
    ['PATCH', ''],
    ['PUT', `?digest=${digestOf(Buffer.from('x'))}`],
    ['DELETE', ''],
  ] as const) {
    expectAnswer(
      await marina.ask(method, `${foreign}${query}`, { as: cast.sys, body: method.startsWith('P') ? 'x' : undefined }),
      404,
      'BLOB_UPLOAD_UNKNOWN',
    )
  }
  expectAnswer(await marina.ask('GET', headers.location!, { as: cast.deA }), 204)
  expectAnswer(await marina.ask('GET', headers.location!, { as: cast.guA }), 401, 'UNAUTHORIZED')
})

const mountOf = (to: string, from: string, digest = image.config) =>
  `/v2/${to}/blobs/uploads/?mount=${digest}&from=${from}`

test('C-36: a mount needs push on the target and pull on the source, in one credential', async () => {
  const to = `${cast.B.name}/${fresh('to')}`
  expectAnswer(await marina.ask('POST', mountOf(to, inA), { as: cast.uaB }), 202)
  expectAnswer(await marina.ask('POST', mountOf(to, inA), { as: cast.uaA }), 401, 'UNAUTHORIZED')
  expectAnswer(await marina.ask('HEAD', `/v2/${to}/blobs/${image.config}`, { as: cast.uaB }), 404)
  const targetOnly = await marina.token(cast.sys, `repository:${to}:pull,push`)
  expectAnswer(await marina.ask('POST', mountOf(to, inA), { token: targetOnly }), 202)
  const both = await marina.token(cast.sys, `repository:${to}:pull,push`, `repository:${inA}:pull`)
  const mounted = expectAnswer(await marina.ask('POST', mountOf(to, inA), { token: both }), 201)
  assert.deepEqual(
    [mounted.headers.location, mounted.headers['docker-content-digest']],
    [`/v2/${to}/blobs/${image.config}`, image.config],
  )
  assert.equal((await marina.ask('HEAD', `/v2/${to}/blobs/${image.config}`, { as: cast.uaB })).status, 200)
})

test('C-36: a mount becomes an upload if the source lacks the blob, or the caller may not pull from it', async () => {
  const to = `${cast.A.name}/${fresh('to')}`
  const elsewhere = await pushBlob(marina, `${cast.B.name}/secret`)
  for (const [from, digest] of [
    [inA, elsewhere],
    [inA, none],
    [`${cast.A.name}/absent`, image.config],
    ['absent/absent', image.config],
    [`${cast.B.name}/secret`, elsewhere],
  ] as const) {
    const answer = expectAnswer(await marina.ask('POST', mountOf(to, from, digest), { as: cast.uaA }), 202)
    expectAnswer(await marina.ask('GET', answer.headers.location!, { as: cast.uaA }), 204)
  }
  expectAnswer(
    await marina.ask('POST', `/v2/${to}/blobs/uploads/?mount=sha256:x&from=${inA}`, { as: cast.uaA }),
    400,
    'DIGEST_INVALID',
  )
})

test('C-37: a mount from a name that cannot exist here becomes an upload', async () => {
  const to = `${cast.A.name}/${fresh('to')}`
  for (const from of ['pause', 'UPPER/x', '../etc', 'NOT+A+NAME', 'a%00b/c', 'x'.repeat(300)]) {
    const answer = expectAnswer(await marina.ask('POST', mountOf(to, from), { as: cast.uaA }), 202)
    expectAnswer(await marina.ask('GET', answer.headers.location!, { as: cast.uaA }), 204)
  }
  const token = await marina.token(cast.uaA, `repository:${to}:pull,push`, 'repository:pause:pull')
  expectAnswer(await marina.ask('POST', mountOf(to, 'pause'), { token }), 202)
})

test('C-36: a blob that everybody may read is mounted with a token for the target alone', async () => {
  const to = `${cast.A.name}/${fresh('to')}`
  const digest = await pushBlob(marina, inP)
  const token = await marina.token(cast.uaA, `repository:${to}:pull,push`)
  expectAnswer(await marina.ask('POST', mountOf(to, inP, digest), { token }), 201)
  expectAnswer(await marina.ask('HEAD', `/v2/${to}/blobs/${digest}`, { token }), 200)
})

test('C-37: a mount without a source becomes an upload, even where a repository holds the blob', async () => {
  for (const query of [`mount=${image.config}`, `mount=${image.config}&from=`])
    expectAnswer(await marina.ask('POST', `/v2/${inA}/blobs/uploads/?${query}`, { as: cast.uaA }), 202)
})

test('C-38: a blob is served only through a repository that holds it', async () => {
  const secret = await pushBlob(marina, `${cast.B.name}/secret`, 'of B only')
  for (const as of [cast.uaA, cast.sys])
    for (const method of ['GET', 'HEAD'])
      assert.equal((await marina.ask(method, `/v2/${inA}/blobs/${secret}`, { as })).status, 404)
  assert.equal(
    (await marina.ask('GET', `/v2/${cast.A.name}/other/blobs/${image.config}`, { as: cast.uaA })).status,
    404,
  )
})

test('C-41: the catalog lists what the caller may read, all for administrators, and is 401 for strangers', async () => {
  const hidden = `${cast.B.name}/hidden`
  await pushImage(marina, hidden)
  await pushBlob(marina, `${cast.A.name}/blob-only`)
  const namesFor = async (options: Parameters<TestMarina['ask']>[2]) =>
    ((await marina.ask('GET', '/v2/_catalog', options)).json() as { repositories: string[] }).repositories
  const all = await namesFor({ as: cast.sys })
  assert.ok(all.includes(hidden) && all.includes(inA) && all.includes(inP) && !all.includes(`${cast.A.name}/blob-only`))
  assert.deepEqual(
    all,
    all.toSorted((a, b) => (a < b ? -1 : 1)),
  )
  assert.deepEqual(await namesFor({ as: cast.guA }), [inA, inP].sort())
  assert.deepEqual(await namesFor({ token: await marina.token(cast.guA, 'registry:catalog:*') }), [inA, inP].sort())
  assert.deepEqual(await namesFor({ token: await marina.token(cast.sys, 'registry:catalog:*') }), all)
  expectAnswer(await marina.ask('GET', '/v2/_catalog'), 401, 'UNAUTHORIZED')
  expectAnswer(
    await marina.ask('GET', '/v2/_catalog', { token: await marina.token(undefined, 'registry:catalog:*') }),
    401,
    'UNAUTHORIZED',
  )
})

test('C-41: a token that does not name the catalog does not open it', async () => {
  for (const as of [cast.sys, cast.guA]) {
    const answer = expectAnswer(
      await marina.ask('GET', '/v2/_catalog', { token: await marina.token(as, `repository:${inA}:pull`) }),
      401,
      'UNAUTHORIZED',
    )
    assert.equal(answer.headers['www-authenticate'], challengeOf('registry:catalog:*', 'insufficient_scope'))
  }
})

test('C-42: a list of referrers shows only manifests of its own repository', async () => {
  const other = `${cast.A.name}/${fresh('other')}`
  const [here, there] = [await pushReferrer(marina, inA, image), await pushReferrer(marina, other, image)]
  const listed = async (name: string) =>
    (
      (await marina.ask('GET', `/v2/${name}/referrers/${image.digest}`, { as: cast.guA })).json() as {
        manifests: { digest: string }[]
      }
    ).manifests.map(({ digest }) => digest)
  assert.deepEqual([await listed(inA), await listed(other)], [[here.digest], [there.digest]])
})

test('a caller who may see all projects gets 404 for a project that does not exist; others get 401', async () => {
  const name = `${fresh('absent')}/app`
  const uploads = `/v2/${name}/blobs/uploads/`
  for (const person of [marina.admin, cast.sys]) {
    const token = await marina.token(person, `repository:${name}:pull,push`)
    for (const as of [{ as: person }, { token }])
      for (const [method, path] of [
        ['POST', uploads],
        ['GET', `/v2/${name}/manifests/v1`],
      ] as const) {
        const answer = expectAnswer(await marina.ask(method, path, as), 404, 'NAME_UNKNOWN')
        assert.match(answer.text, /"project absent\w+ not found"/)
      }
  }
  expectAnswer(await marina.ask('POST', uploads, { as: cast.uaA }), 401, 'UNAUTHORIZED')
  expectAnswer(await marina.ask('POST', uploads), 401, 'UNAUTHORIZED')
})
