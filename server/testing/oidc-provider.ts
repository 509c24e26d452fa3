import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose'
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider, type Configuration } from 'oidc-provider'

/** A person at the provider, by the login name: the claims, or absent for one who is not there any more. */
type People = Map<string, Record<string, unknown>>

/** What the provider is made to do wrong. A fault may change an answer, or take the place of one. */
export type Fault = {
  /** The path at the provider, such as `/token`. */
  path: string
  /** Changes the JSON of an answer. */
  change?: (body: Record<string, unknown>) => Promise<Record<string, unknown>> | Record<string, unknown>
  /** Answers in place of the provider; one that never answers hangs. */
  answer?: (request: IncomingMessage, response: ServerResponse) => void
}

export type TestProvider = AsyncDisposable & {
  issuer: string
  people: People
  /** Faults in force; clear the list to heal. */
  faults: Fault[]
  /** Requests by path. */
  count(path: string): number
  client: { id: string; secret: string }
  /** Signs claims by the provider's key of this moment, or by a key that it does not publish. */
  sign(claims: JWTPayload, options?: { isStrange?: boolean; type?: string }): Promise<string>
  /** Takes a new key, as a rotation does; the old one is published no more. */
  rotate(): Promise<void>
}

type ProviderOptions = {
  /** Base URLs of Marinas that people sign in to. */
  bases: string[]
  people?: People
  more?: Partial<Configuration>
}

type Key = { jwk: JWK; privateKey: CryptoKey }

/**
 * A real OpenID provider on loopback: npm's oidc-provider, with its forms for development, behind a door of ours that
 * can be told to do things wrong.
 */
export async function openTestProvider({
  bases,
  people = new Map(),
  more = {},
}: ProviderOptions): Promise<TestProvider> {
  const client = { id: 'marina', secret: 'a secret of the client, with : and % in it' }
  const keys = [await makeKey('first')]
  const adapter = adapterOf(new Map())
  const counts = new Map<string, number>()
  const faults: Fault[] = []
  let inner: ((request: IncomingMessage, response: ServerResponse) => Promise<void>) | undefined
  const behind = await listen((request, response) => void inner!(request, response))
  const front = await listen((request, response) => {
    const path = request.url!.split('?', 1)[0]!
    counts.set(path, (counts.get(path) ?? 0) + 1)
    const fault = faults.find((one) => one.path === path)
    if (fault?.answer) return fault.answer(request, response)
    void pass(request, response, behind.port, fault?.change)
  })
  const issuer = `http://127.0.0.1:${front.port}`
  const open = () => {
    const provider = new Provider(issuer, {
      ...configuration({ client, bases, people, keys: keys.map(({ jwk }) => jwk) }),
      adapter,
      ...more,
    })
    provider.on('server_error', (_ctx, error) => process.stderr.write(`${error.stack}\n`))
    inner = provider.callback() as typeof inner
  }
  open()
  return {
    issuer,
    people,
    faults,
    client,
    count: (path) => counts.get(path) ?? 0,
    async sign(claims, { isStrange = false, type } = {}) {
      const { jwk, privateKey } = isStrange ? await makeKey(keys[0]!.jwk.kid!) : keys[0]!
      const header = { alg: 'RS256', kid: jwk.kid!, ...(type === undefined ? {} : { typ: type }) }
      return new SignJWT(claims).setProtectedHeader(header).sign(privateKey)
    },
    async rotate() {
      keys.splice(0, 1, await makeKey(`next-${keys[0]!.jwk.kid}`))
      open()
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([front.close(), behind.close()])
    },
  }
}

async function makeKey(kid: string): Promise<Key> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  return { jwk: { ...(await exportJWK(privateKey)), kid, alg: 'RS256', use: 'sig' }, privateKey }
}

type Configured = { client: { id: string; secret: string }; bases: string[]; people: People; keys: JWK[] }

function configuration({ client, bases, people, keys }: Configured): Configuration {
  return {
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        redirect_uris: bases.map((base) => `${base}/c/oidc/callback`),
        post_logout_redirect_uris: bases.map((base) => `${base}/`),
        grant_types: ['authorization_code', 'refresh_token'],
        backchannel_logout_uri: `${bases[0]}/c/oidc/backchannel-logout`,
        backchannel_logout_session_required: true,
      },
      // Another client, whose codes must be good for nothing here.
      {
        client_id: 'other',
        client_secret: 'the secret of another client',
        redirect_uris: bases.map((base) => `${base}/c/oidc/callback`),
        grant_types: ['authorization_code', 'refresh_token'],
      },
    ],
    jwks: { keys },
    cookies: { keys: ['a key of the test'] },
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username'],
      email: ['email'],
      groups: ['groups'],
    },
    conformIdTokenClaims: false,
    // The provider would not call Marina on loopback.
    fetch: (url: string | URL | Request, options: object = {}) => fetch(url, { ...options, dispatcher: undefined }),
    features: {
      devInteractions: { enabled: true },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true },
    },
    findAccount: (_ctx, id) => {
      const claims = people.get(id)
      return claims && { accountId: id, claims: () => ({ ...claims, sub: id }) }
    },
    ttl: { AccessToken: 300, AuthorizationCode: 60, IdToken: 300, RefreshToken: 3600, Session: 3600, Grant: 3600 },
  }
}

/** Keeps what the provider stores in a map that outlives it: a rotation of keys makes a new one. */
function adapterOf(stored: Map<string, object>) {
  return class {
    readonly #kind: string
    constructor(kind: string) {
      this.#kind = kind
    }
    #key(id: string) {
      return `${this.#kind}:${id}`
    }
    async upsert(id: string, payload: object) {
      stored.set(this.#key(id), payload)
    }
    async find(id: string) {
      return stored.get(this.#key(id))
    }
    async findByUid(uid: string) {
      return [...stored.values()].find((one) => (one as { uid?: string }).uid === uid)
    }
    async findByUserCode() {
      return undefined
    }
    async consume(id: string) {
      const found = stored.get(this.#key(id))
      if (found) Object.assign(found, { consumed: Math.floor(Date.now() / 1000) })
    }
    async destroy(id: string) {
      stored.delete(this.#key(id))
    }
    async revokeByGrantId(grantId: string) {
      for (const [key, one] of stored) if ((one as { grantId?: string }).grantId === grantId) stored.delete(key)
    }
  } as never
}

async function listen(handle: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Hands a request on with its Host, so that the provider writes its URLs as the outside knows them. */
async function pass(
  request: IncomingMessage,
  response: ServerResponse,
  port: number,
  change: Fault['change'],
): Promise<void> {
  const sent = httpRequest(
    { host: '127.0.0.1', port, method: request.method, path: request.url, headers: request.headers },
    (answer) => {
      void (async () => {
        const parts: Buffer[] = []
        for await (const part of answer as AsyncIterable<Buffer>) parts.push(part)
        let body = Buffer.concat(parts)
        if (change && answer.statusCode === 200)
          body = Buffer.from(JSON.stringify(await change(JSON.parse(body.toString()) as Record<string, unknown>)))
        const { 'transfer-encoding': _, ...headers } = answer.headers
        response.writeHead(answer.statusCode!, { ...headers, 'content-length': body.length }).end(body)
      })().catch((error: unknown) => response.destroy(error as Error))
    },
  )
  sent.on('error', (error) => response.destroy(error))
  request.pipe(sent)
}
