import assert from 'node:assert/strict'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { digestOf } from '../../../oci/digest.ts'
import { OciError } from '../../../oci/errors.ts'
import { ociManifest } from '../../../oci/media-type.ts'
import type { RepositoryName } from '../../../oci/reference.ts'
import type { Project } from '../../catalog/project.ts'
import { openCache } from '../../platform/cache/cache.ts'
import { Answer } from '../../platform/http/server.ts'
import type { Caller } from '../caller.ts'
import type { PullGate, Pulled } from '../gate.ts'
import type { ManifestRead, Registry } from '../registry.ts'
import { openDoor, type DoorOptions } from './door.ts'
import { sendOciError } from './reply.ts'

const content = Buffer.from('{}')
const manifest: ManifestRead = { digest: digestOf(content), mediaType: ociManifest, content }
const caller: Caller = { kind: 'user', id: 1, name: 'anna' }
const repository = 'team/app' as RepositoryName
const then = new Date(0)
const project: Project = {
  id: 7,
  name: 'team',
  ownerId: 1,
  isPublic: false,
  endpointId: null,
  createdAt: then,
  updatedAt: then,
}

/** A door to one manifest; manifest, token and rights are known without a promise, as from the memory cache. */
function doorTo(pull: PullGate[], pulls: unknown[] = []) {
  const { digest, mediaType } = manifest
  const registry = { readManifest: () => manifest, statManifest: () => ({ digest, mediaType, size: content.length }) }
  const repositories = new Map([['team/app', new Set(['pull'])]])
  const grants = { repositories, projects: new Map([['team', 7]]), catalog: false }
  return openDoor({
    registry: registry as unknown as Registry,
    tokens: { verify: () => ({ caller, grants }) } as unknown as DoorOptions['tokens'],
    rights: { mayTouchIn: () => true, mayTouch: () => true } as unknown as DoorOptions['rights'],
    gates: { pull },
    cache: openCache({ limit: 0 }),
    hosts: new Map(),
    warningOf: () => undefined,
    findProject: (name) => (name === 'team' ? project : undefined),
    onPulled: (one) => pulls.push(one),
  } as Partial<DoorOptions> as DoorOptions)
}

type Told = { status: number; text: string; isAtOnce: boolean }

/** Sends one request to the door over HTTP. `isAtOnce`: the door had answered when it returned. */
async function ask(
  pull: PullGate[],
  method: string,
  reference: string,
  headers: Record<string, string> = {},
  pulls: unknown[] = [],
): Promise<Told> {
  const door = doorTo(pull, pulls)
  let isAtOnce = false
  const server = createServer({ ServerResponse: Answer }, (request: IncomingMessage, response: Answer) => {
    const peer = { address: '127.0.0.1', protocol: 'http', host: 'localhost' } as const
    const answer = async () => {
      const answered = door.registry(request, response, peer)
      isAtOnce = response.headersSent && !(answered instanceof Promise)
      await answered
    }
    answer().catch((error: unknown) => sendOciError(response, error))
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2/team/app/manifests/${reference}`
    const answer = await fetch(url, { method, headers: { authorization: 'Bearer known', ...headers } })
    return { status: answer.status, text: await answer.text(), isAtOnce }
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

const requests: [string, Record<string, string>, number][] = [
  ['GET', {}, 200],
  ['HEAD', {}, 200],
  ['GET', { 'if-none-match': `"${manifest.digest}"` }, 304],
  ['GET', { 'if-none-match': '"another"' }, 200],
]

test('a pull of a cached manifest is answered before the door returns, also by gates without promises', async () => {
  for (const gates of [[], [() => undefined]]) {
    for (const [method, headers, status] of requests) {
      const text = method === 'GET' && status === 200 ? '{}' : ''
      assert.deepEqual(await ask(gates, method, 'v1', headers), { status, text, isAtOnce: true })
    }
  }
})

test('every gate is told of every GET and HEAD of a manifest: of what, of whom and by which client', async () => {
  for (const reference of ['v1', manifest.digest]) {
    for (const [method, headers, status] of requests) {
      const told: Pulled[][] = [[], []]
      const gates = told.map(
        (one): PullGate =>
          (pulled) =>
            void one.push(pulled),
      )
      assert.equal((await ask(gates, method, reference, { ...headers, 'user-agent': 'tester/1.0' })).status, status)
      for (const one of told) {
        assert.ok(one.length > 0)
        const { digest, mediaType } = manifest
        const tag = reference.startsWith('sha256:') ? null : (reference as Pulled['tag'])
        const expected: Omit<Pulled, 'mayPush'> = {
          project,
          repository,
          digest,
          tag,
          mediaType,
          caller,
          userAgent: 'tester/1.0',
        }
        for (const { mayPush, ...pulled } of one) {
          assert.deepEqual(pulled, expected)
          assert.equal(mayPush(), true)
        }
      }
    }
  }
})

test('after a gate refuses, at once or later, nothing is sent, no pull counted and no other gate called', async () => {
  const refusal = () => new OciError('DENIED', 'not this one')
  const atOnce: PullGate = () => {
    throw refusal()
  }
  const later: PullGate = async () => {
    await Promise.resolve()
    throw refusal()
  }
  for (const gate of [atOnce, later]) {
    for (const [method, headers] of requests) {
      const [pulls, after]: unknown[][] = [[], []]
      const gates: PullGate[] = [async () => {}, gate, (pulled) => void after!.push(pulled)]
      const { status, text } = await ask(gates, method, 'v1', headers, pulls)
      assert.equal(status, 403)
      if (method === 'GET') assert.match(text, /"DENIED".*not this one/)
      assert.deepEqual([pulls, after], [[], []])
    }
  }
})
