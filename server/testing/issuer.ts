/**
 * A stand-in for an issuer of tokens: OpenID Connect Discovery and a key set on this machine. Its tokens have the
 * claims that GitHub Actions, GitLab CI and Kubernetes document; none of this was ever tried on the real ones.
 */
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose'

type Key = { kid: string; alg: string; privateKey: CryptoKey; publicJwk: JWK }
type TokenClaims = Record<string, unknown>

export type Issuer = AsyncDisposable & {
  /** Its `iss`. */
  url: string
  /** The paths that were asked for, in their order. */
  asked: string[]
  /** The present key set as text. */
  jwks(): string
  key(): Key
  /** Signs with the present key; `exp` is in 5 minutes unless the claims say otherwise. */
  sign(claims: TokenClaims, header?: Record<string, unknown>): Promise<string>
  /** Takes a new key; the old one is published no longer. */
  rotate(alg?: string): Promise<void>
  /** How the key set is answered from now on; undefined: as it should be. */
  answerKeys(how: ((response: ServerResponse) => void) | undefined): void
}

async function makeKey(alg: string): Promise<Key> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const kid = randomUUID()
  return { kid, alg, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

export async function openIssuer({ alg = 'RS256' } = {}): Promise<Issuer> {
  let key = await makeKey(alg)
  let answerKeys: ((response: ServerResponse) => void) | undefined
  const asked: string[] = []
  const jwks = () => JSON.stringify({ keys: [key.publicJwk] })
  const server = createServer((request, response) => {
    asked.push(request.url!)
    response.setHeader('content-type', 'application/json')
    if (request.url === '/.well-known/openid-configuration')
      return void response.end(JSON.stringify({ issuer: url, jwks_uri: `${url}/keys` }))
    if (request.url !== '/keys') return void response.writeHead(404).end()
    if (answerKeys) return answerKeys(response)
    return void response.end(jwks())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    asked,
    jwks,
    key: () => key,
    async sign(claims, header = {}) {
      const now = Math.floor(Date.now() / 1000)
      return new SignJWT({ iss: url, iat: now, nbf: now, exp: now + 300, jti: randomUUID(), ...claims })
        .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'JWT', ...header })
        .sign(key.privateKey)
    },
    async rotate(next = alg) {
      key = await makeKey(next)
    },
    answerKeys: (how) => void (answerKeys = how),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}

type Given = { audience: string; repository: string; ref: string }

/** Claims as "About security hardening with OpenID Connect" of GitHub's documentation lists them. */
export const githubClaims = ({ audience, repository, ref }: Given): TokenClaims => ({
  aud: audience,
  sub: `repo:${repository}:ref:${ref}`,
  repository,
  repository_owner: repository.split('/')[0],
  repository_id: '74',
  repository_owner_id: '65',
  repository_visibility: 'private',
  ref,
  ref_type: ref.startsWith('refs/tags/') ? 'tag' : 'branch',
  ref_protected: 'true',
  sha: 'a'.repeat(40),
  workflow: 'build',
  workflow_ref: `${repository}/.github/workflows/build.yml@${ref}`,
  job_workflow_ref: `${repository}/.github/workflows/build.yml@${ref}`,
  event_name: 'push',
  actor: 'ann',
  actor_id: '12',
  run_id: '30',
  run_number: '10',
  run_attempt: '2',
  runner_environment: 'github-hosted',
})

/** Claims as "OpenID Connect (OIDC) Authentication Using ID Tokens" of GitLab's documentation lists them. */
export const gitlabClaims = ({ audience, repository, ref }: Given): TokenClaims => ({
  aud: audience,
  sub: `project_path:${repository}:ref_type:branch:ref:${ref}`,
  project_id: '22',
  project_path: repository,
  namespace_id: '72',
  namespace_path: repository.split('/').slice(0, -1).join('/'),
  user_id: '1',
  user_login: 'ann',
  user_email: 'ann@example.com',
  pipeline_id: '574',
  pipeline_source: 'push',
  job_id: '302',
  ref,
  ref_type: 'branch',
  ref_path: `refs/heads/${ref}`,
  ref_protected: 'true',
  environment_protected: 'false',
  runner_id: 1,
  runner_environment: 'self-hosted',
  sha: 'b'.repeat(40),
  project_visibility: 'internal',
  groups_direct: ['team', 'team/builders'],
})

/** Claims as "Configure Service Accounts for Pods" and the TokenRequest API of Kubernetes describe them. */
export const kubernetesClaims = ({
  audience,
  namespace,
  account,
}: {
  audience: string
  namespace: string
  account: string
}): TokenClaims => ({
  aud: [audience],
  sub: `system:serviceaccount:${namespace}:${account}`,
  'kubernetes.io': {
    namespace,
    node: { name: 'node-1', uid: randomUUID() },
    pod: { name: 'build-1', uid: randomUUID() },
    serviceaccount: { name: account, uid: randomUUID() },
  },
})
