import { after } from 'node:test'
import { openLog } from '../../../platform/observe/log.ts'
import { openOutbound } from '../../../platform/outbound/outbound.ts'
import { noBudget, openRemote, type OpenRemote } from '../../../registry/remote/remote.ts'
import { openDockerRegistry } from '../../../testing/docker-registry.ts'
import { openReceiver } from '../../../testing/receiver.ts'
import { openTestMarina } from '../../../testing/server.ts'
import { reach, type Reachable } from '../open.ts'
import { adapterSuite, type Trial } from './adapter.suite.ts'
import { awsEcrStandIn, awsKeys } from './stand-ins/aws-ecr.suite.ts'
import { openBacking } from './stand-ins/backing.suite.ts'
import { dockerRegistryStandIn } from './stand-ins/plain.suite.ts'
import { standIns } from './stand-ins/stand-ins.suite.ts'
import { openStandIn, type StandIn } from './stand-ins/stand-in.suite.ts'

const marina = await openTestMarina()
after(() => marina[Symbol.asyncDispose]())
const outbound = openOutbound({ allow: ['127.0.0.1'] })
after(() => outbound.close())
const log = openLog({ level: 'silent', format: 'json' })

/** One try, so that a test need not wait for repetitions. Hosts of a vendor are led to its stand-in. */
const remotes =
  (standIn: Pick<StandIn, 'hosts'>, url: string): OpenRemote =>
  (endpoint, limits) => {
    const isHost = standIn.hosts?.includes(endpoint.url) === true
    const led = isHost ? { ...endpoint, url } : endpoint
    return openRemote({ outbound, endpoint: led, budget: noBudget, log, limits: { ...limits, tries: 1 } })
  }

for (const standIn of standIns) {
  adapterSuite([standIn.type, standIn.kind].filter(Boolean).join(', '), async (): Promise<Trial> => {
    const opened = await openStandIn(standIn, marina)
    const { accessKey, accessSecret } = standIn.saved(opened.url)
    return {
      standIn,
      secrets: [accessSecret],
      makeNamespace: opened.backing.makeNamespace,
      break: opened.break,
      open: (change) =>
        reach(
          { openRemote: remotes(standIn, opened.url), machineRole: () => Promise.reject(new Error('no role')) },
          reachable(standIn, standIn.hosts?.[0] ?? opened.url, { accessKey, accessSecret, ...change }),
        ),
      [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
    }
  })
}

adapterSuite('aws-ecr, with the role of the machine', async (): Promise<Trial> => {
  const standIn = awsEcrStandIn('session-token')
  const opened = await openStandIn(standIn, marina)
  const role = async () => ({ ...awsKeys, token: 'session-token' })
  const noKeys = { accessKey: '', accessSecret: '' }
  return {
    standIn,
    secrets: [awsKeys.secret],
    makeNamespace: opened.backing.makeNamespace,
    break: opened.break,
    open: (change) =>
      reach(
        {
          openRemote: remotes(standIn, opened.url),
          machineRole: change ? async () => ({ id: awsKeys.id, secret: 'wrong-word-1' }) : role,
        },
        { ...reachable(standIn, opened.url, noKeys), credentialType: '' },
      ),
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  }
})

adapterSuite('docker-registry, a real one', async (): Promise<Trial> => {
  const registry = await openDockerRegistry()
  const server = await openBreakable(registry.url)
  // It asks nobody for a name: what a wrong one is answered with is shown by the stand-in.
  const guarded = await openStandIn(dockerRegistryStandIn, marina)
  const standIn = { type: 'docker-registry', listsDigests: false, makesNamespaces: true } as const
  return {
    standIn,
    secrets: [],
    async makeNamespace() {},
    break: server.break,
    open: (change) =>
      reach(
        { openRemote: remotes({}, registry.url), machineRole: () => Promise.reject(new Error('no role')) },
        reachable(standIn, change ? guarded.url : server.url(), { accessKey: 'anna', accessSecret: 'x', ...change }),
      ),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      await guarded[Symbol.asyncDispose]()
      await registry[Symbol.asyncDispose]()
    },
  }
})

adapterSuite('harbor, a Marina', async (): Promise<Trial> => {
  const { name, password } = marina.admin
  const server = await openBreakable(marina.url)
  const standIn = { type: 'harbor', listsDigests: true, makesNamespaces: true } as const
  return {
    standIn,
    secrets: [password],
    makeNamespace: openBacking(marina).makeNamespace,
    break: server.break,
    open: (change) =>
      reach(
        { openRemote: remotes({}, marina.url), machineRole: () => Promise.reject(new Error('no role')) },
        reachable(standIn, server.url(), { accessKey: name, accessSecret: password, ...change }),
      ),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
})

function reachable(
  { type }: Pick<StandIn, 'type'>,
  url: string,
  login: Pick<Reachable, 'accessKey' | 'accessSecret'>,
): Reachable {
  const rest = { tokenServiceUrl: '', credentialType: 'basic', isInsecure: false, caCertificate: '' } as const
  return { type, name: 'tried', url, ...rest, ...login }
}

/** The URL of a real registry; once it is broken, that of a server that answers as told. */
async function openBreakable(whole: string): Promise<{ url(): string; break: Trial['break'] } & AsyncDisposable> {
  const receiver = await openReceiver()
  let isBroken = false
  return {
    url: () => (isBroken ? receiver.url : whole),
    break(path, { status = 200, json, text = '' }) {
      isBroken = path.source !== '^$'
      const type = { 'content-type': json === undefined ? 'text/html' : 'application/json' }
      receiver.answer(() => ({ status, headers: type, body: json === undefined ? text : JSON.stringify(json) }))
    },
    [Symbol.asyncDispose]: () => receiver[Symbol.asyncDispose](),
  }
}
