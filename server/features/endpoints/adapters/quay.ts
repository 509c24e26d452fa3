import { OciError } from '../../../../oci/errors.ts'
import type { Credential } from '../../../registry/remote/remote.ts'
import type { Adapter, Address, Reach } from './adapter.ts'
import { asNames, isAbsent, isRow, listedTag, paged, rowIn, rowsIn, textIn, unknownName, type Row } from './answers.ts'
import { credentialOf } from './credential.ts'
import { firstParts, namespaceOf } from './wanted.ts'

/**
 * Quay (https://docs.quay.io/api/). As in Harbor, the secret may be a file in JSON with `account_name`,
 * `docker_cli_password` and `oauth2_token`: with that token its API lists, makes organizations and deletes tags.
 * Without it Quay is a plain registry.
 */
export const quay: Adapter = {
  type: 'quay',
  info: {
    resources: ['image'],
    secretFileKey: 'json_file',
    nameParts: { least: 2 },
  },

  locate(address) {
    const { account, password, token } = secretsOf(address)
    const credential: Credential | undefined =
      account === '' ? undefined : { kind: 'basic', username: account, password }
    if (token === '') return { url: address.url, credential }
    const vendor = { url: address.url, credential: { kind: 'bearer', token } as const }
    return { url: address.url, credential, vendor, facts: { account, hasApi: 'true' } }
  },

  async *list(reach, wanted) {
    if (!reach.facts['hasApi']) return yield* reach.remote.repositories()
    const namespace = namespaceOf(wanted)
    for (const one of namespace === undefined ? await namespacesOf(reach) : [namespace]) yield* namesIn(reach, one)
  },

  async *artifacts(reach, name) {
    if (reach.facts['hasApi']) yield* tagsOf(reach, name)
    else for await (const tag of reach.remote.tags(name)) yield* listedTag(tag)
  },

  async prepare({ vendor, facts }, repositories) {
    if (!facts['hasApi']) return
    for (const name of firstParts(repositories)) {
      // The account's own namespace; a robot is named `<namespace>+<robot>`.
      if (name === facts['account']!.split('+', 1)[0]) continue
      const path = `/api/v1/organization/${name}`
      if ((await vendor.api({ path, expects: [200, 404] })).status === 200) continue
      const body = { name, email: `${name}@quay.invalid` }
      await vendor.api({ method: 'POST', path: '/api/v1/organization/', body, expects: [200, 201], isRepeatable: true })
    }
  },

  async deleteTag({ remote, vendor, facts }, name, tag) {
    if (facts['hasApi'])
      await vendor.api({ method: 'DELETE', path: `/api/v1/repository/${name}/tag/${tag}`, expects: [200, 204, 404] })
    else await remote.deleteTag(name, marina, tag).catch(ignoreGone)
  },
}

const marina = { kind: 'system', id: null, name: 'marina' } as const

function ignoreGone(error: unknown): void {
  if (!(error instanceof OciError && ['MANIFEST_UNKNOWN', 'NAME_UNKNOWN'].includes(error.code))) throw error
}

function secretsOf(address: Address): { account: string; password: string; token: string } {
  const file = address.accessKey === 'json_file' ? parsed(address.accessSecret) : undefined
  if (file)
    return {
      account: textIn(file, 'account_name'),
      password: textIn(file, 'docker_cli_password'),
      token: textIn(file, 'oauth2_token'),
    }
  const basic = credentialOf(address)
  return basic?.kind === 'basic'
    ? { account: basic.username, password: basic.password, token: '' }
    : { account: '', password: '', token: '' }
}

function parsed(text: string): Row | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isRow(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** The user of the token and the organizations that it belongs to. */
async function namespacesOf({ vendor }: Reach): Promise<string[]> {
  const reply = await vendor.api({ path: '/api/v1/user/' })
  const organizations = rowsIn(reply, vendor, 'GET /api/v1/user/', 'organizations')
  return [textIn(rowIn(reply), 'username'), ...organizations.map((one) => textIn(one, 'name'))].filter(Boolean)
}

async function* namesIn({ vendor }: Reach, namespace: string) {
  const path = `/api/v1/repository?namespace=${encodeURIComponent(namespace)}`
  for await (const row of paged(vendor, path, async (token) => {
    const reply = await vendor.api({
      path: token === undefined ? path : `${path}&next_page=${encodeURIComponent(token)}`,
    })
    return { rows: rowsIn(reply, vendor, path, 'repositories'), next: textIn(rowIn(reply), 'next_page') || undefined }
  }))
    yield* asNames([`${namespace}/${textIn(row, 'name')}`])
}

async function* tagsOf({ vendor }: Reach, name: string) {
  const path = `/api/v1/repository/${name}/tag/?onlyActiveTags=true&limit=100`
  for await (const row of paged(vendor, path, async (page = '1') => {
    const reply = await vendor.api({ path: `${path}&page=${page}`, expects: [200, 404] })
    if (isAbsent(reply)) throw unknownName(name)
    const hasMore = rowIn(reply)['has_additional'] === true
    return { rows: rowsIn(reply, vendor, path, 'tags'), next: hasMore ? String(Number(page) + 1) : undefined }
  }))
    yield* listedTag(row['name'], row['manifest_digest'])
}
