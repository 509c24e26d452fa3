import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import type { LookupAddress } from 'node:dns'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { eventually } from '../../testing/http.ts'
import { openNames, type Lookup, type NamesOptions } from './names.ts'
import { openOutbound } from './outbound.ts'

let dir: string
before(async () => void (dir = await mkdtemp(join(tmpdir(), 'names-'))))
after(() => rm(dir, { recursive: true }))

async function file(name: string, ...lines: string[]): Promise<string> {
  const path = join(dir, name)
  await writeFile(path, lines.join('\n'))
  return path
}

type Table = Record<string, { A?: number[][]; AAAA?: number[][] } | 'broken'>

/**
 * A DNS server that knows these names, answers that other names in `example` do not exist, and does not answer for any
 * others. `asked`: the names with their kinds.
 */
async function openDns(table: Table) {
  const asked: string[] = []
  const socket = createSocket('udp4', (query, from) => {
    const [labels, end] = labelsOf(query)
    const [name, kind] = [labels.join('.').toLowerCase(), query.readUInt16BE(end) === 28 ? 'AAAA' : 'A'] as const
    asked.push(`${name} ${kind}`)
    const known = table[name]
    if (!known && !name.endsWith('example')) return
    const addresses = known && known !== 'broken' ? (known[kind] ?? []) : []
    socket.send(answerTo(query, end + 4, known === 'broken' ? 2 : known ? 0 : 3, addresses), from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    servers: [`127.0.0.1:${socket.address().port}`],
    asked,
    async [Symbol.asyncDispose]() {
      socket.close()
    },
  }
}

/** The labels of the name in a question, and the offset of their end. */
function labelsOf(query: Buffer): [string[], number] {
  const labels: string[] = []
  let at = 12
  for (; query[at] !== 0; at += query[at]! + 1) labels.push(query.toString('latin1', at + 1, at + 1 + query[at]!))
  return [labels, at + 1]
}

function answerTo(query: Buffer, end: number, code: number, addresses: number[][]): Buffer {
  const head = Buffer.from(query.subarray(0, 12))
  head.writeUInt16BE(0x8180 | code, 2)
  head.writeUInt16BE(addresses.length, 6)
  head.writeUInt32BE(0, 8)
  const records = addresses.map((bytes) =>
    Buffer.from([0xc0, 12, 0, bytes.length === 16 ? 28 : 1, 0, 1, 0, 0, 0, 0, 0, bytes.length, ...bytes]),
  )
  return Buffer.concat([head, query.subarray(12, end), ...records])
}

/** A lookup by the system that must not be called. */
const nobody: Lookup = (name) => assert.fail(`the system was asked for ${name}`)
async function finder(options: NamesOptions) {
  const lookup = openNames({
    hostsFile: await file('none'),
    resolvFile: await file('none'),
    system: nobody,
    ...options,
  })
  return (name: string) =>
    new Promise<string[]>((resolve, reject) =>
      lookup(name, (error, found) =>
        error ? reject(error) : resolve(found.map(({ address, family }) => `${address} ${family}`)),
      ),
    )
}

test('ten names whose DNS hangs do not hold up names of the hosts file or names that the DNS knows', async () => {
  await using opened = new AsyncDisposableStack()
  const dns = opened.use(await openDns({ 'well.example': { A: [[127, 0, 0, 1]] } }))
  const server = createServer((_request, response) => response.end('here')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.defer(() => void server.close())
  const { port } = server.address() as AddressInfo
  const hostsFile = await file('hosts', '127.0.0.1 localhost')
  // The system's lookup would hang at such names, so it must not be asked for them.
  const outbound = openOutbound({
    allow: ['127.0.0.0/8'],
    lookup: openNames({ servers: dns.servers, hostsFile, resolvFile: hostsFile, system: nobody }),
  })
  opened.defer(() => outbound.close())
  const send = (name: string, signal?: AbortSignal) =>
    outbound.send({
      url: `http://${name}:${port}/`,
      method: 'POST',
      timeoutMs: 60_000,
      answerBytes: 100,
      ...(signal ? { signal } : {}),
    })
  const ending = new AbortController()
  opened.defer(() => ending.abort())
  let ended = 0
  for (let n = 0; n < 10; n++) void send(`n${n}.hangs.test`, ending.signal).catch(() => ended++)
  await eventually(() => assert.equal(new Set(dns.asked).size, 20))
  for (const name of ['localhost', 'well.example']) assert.equal((await send(name)).body.toString(), 'here')
  assert.equal(ended, 0)
})

test('the hosts file comes first, with all its addresses, in upper or lower case', async () => {
  await using dns = await openDns({ 'both.example': { A: [[192, 0, 2, 9]] } })
  const hostsFile = await file(
    'hosts',
    '# 10.0.0.9 both.example',
    '10.0.0.1\tother Both.Example # both',
    'fd00::1 both.example',
    '10.0.0.1 both.example',
  )
  const find = await finder({ servers: dns.servers, hostsFile })
  assert.deepEqual(
    [await find('BOTH.example'), await find('both.example.'), await find('other')],
    [['10.0.0.1 4', 'fd00::1 6'], ['10.0.0.1 4', 'fd00::1 6'], ['10.0.0.1 4']],
  )
  assert.deepEqual(dns.asked, [])
})

test('the DNS is asked for IPv4 and IPv6 addresses', async () => {
  const v6 = [0x20, 1, 0xd, 0xb8, ...Array.from({ length: 11 }, () => 0), 7]
  await using dns = await openDns({
    'two.example': {
      A: [
        [192, 0, 2, 1],
        [192, 0, 2, 2],
      ],
      AAAA: [v6],
    },
    'six.example': { AAAA: [v6] },
  })
  const find = await finder({ servers: dns.servers })
  assert.deepEqual(await find('two.example'), ['192.0.2.1 4', '192.0.2.2 4', '2001:db8::7 6'])
  assert.deepEqual(await find('six.example'), ['2001:db8::7 6'])
})

test('search domains are tried as resolv.conf says', async () => {
  await using dns = await openDns({
    'hooks.team.svc.example': { A: [[10, 1, 1, 1]] },
    'hooks.team.example': { A: [[10, 1, 1, 2]] },
  })
  const names = () => [...new Set(dns.asked.splice(0).map((one) => one.split(' ')[0]))]
  const few = await finder({ servers: dns.servers, resolvFile: await file('few', 'search svc.example example') })
  assert.deepEqual([await few('hooks.team.example'), names()], [['10.1.1.2 4'], ['hooks.team.example']])
  const many = await finder({
    servers: dns.servers,
    resolvFile: await file('many', 'nameserver 192.0.2.1', 'search none.example svc.example', 'options edns0 ndots:5'),
  })
  assert.deepEqual(
    [await many('hooks.team'), names()],
    [['10.1.1.1 4'], ['hooks.team.none.example', 'hooks.team.svc.example']],
  )
  assert.deepEqual([await many('hooks.team.example.'), names()], [['10.1.1.2 4'], ['hooks.team.example']])
})

test('the system is asked for names unknown to the DNS, two at once, and never when the DNS failed', async () => {
  await using dns = await openDns({ 'failing.example': 'broken' })
  const asked: string[] = []
  const answers = new Map<string, (error: Error | null, found: LookupAddress[]) => void>()
  const find = await finder({
    servers: dns.servers,
    system: (name, done) =>
      name === 'failing.example' ? done(new Error('asked'), []) : (asked.push(name), answers.set(name, done)),
  })
  await assert.rejects(find('failing.example'), { code: 'ESERVFAIL' })
  const all = ['a.example', 'b.example', 'c.example', 'a.example'].map(find)
  await eventually(() => assert.equal(new Set(dns.asked).size, 8))
  await eventually(() => assert.equal(asked.length, 2))
  const [first, second] = asked as [string, string]
  answers.get(first)!(null, [{ address: '10.0.0.1', family: 4 }])
  await eventually(() => assert.equal(asked.length, 3))
  answers.get(second)!(new Error('not here'), [])
  answers.get(asked[2]!)!(null, [{ address: '10.0.0.3', family: 4 }])
  const [a, b, c, again] = await Promise.allSettled(all)
  assert.deepEqual(again, a)
  assert.deepEqual([a, b, c].filter((one) => one!.status === 'rejected').length, 1)
  assert.deepEqual(asked.toSorted(), ['a.example', 'b.example', 'c.example'])
})

test('without a DNS server the system is asked', async () => {
  const gone = await openDns({})
  await gone[Symbol.asyncDispose]()
  const find = await finder({
    servers: gone.servers,
    system: (_name, done) => done(null, [{ address: '10.0.0.1', family: 4 }]),
  })
  assert.deepEqual(await find('a.example'), ['10.0.0.1 4'])
})
