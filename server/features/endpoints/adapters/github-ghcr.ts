import type { Remote } from '../../../registry/remote/remote.ts'
import type { Adapter, Reach } from './adapter.ts'
import { asNames, listedTag, paged, refused, rowIn, rowsIn, textIn, type Row } from './answers.ts'
import { credentialOf } from './credential.ts'
import { namespaceOf } from './wanted.ts'

/**
 * GitHub's registry. It has no catalogue: the packages of an owner are listed by GitHub's API
 * (https://docs.github.com/rest/packages), for which the access token needs `read:packages`.
 */
export const githubGhcr: Adapter = {
  type: 'github-ghcr',
  info: {
    resources: ['image'],
    endpoints: { isFixed: true, urls: [{ key: 'ghcr.io', url: 'https://ghcr.io' }] },
    nameParts: { least: 2 },
    cannotDeleteTags: 'GitHub deletes a version of a package with all of its tags',
  },

  locate(address) {
    const isGithub = new URL(address.url).hostname === 'ghcr.io'
    const token = address.accessSecret
    return {
      url: address.url,
      credential: credentialOf(address),
      vendor: {
        url: isGithub ? 'https://api.github.com' : address.url,
        credential: token === '' ? undefined : { kind: 'bearer', token },
      },
    }
  },

  async *list(reach, wanted) {
    const owner = namespaceOf(wanted)
    if (owner === undefined) yield* namesIn(reach, '/user/packages', '')
    else yield* namesIn(reach, `${await kindOf(reach, owner)}/${owner}/packages`, owner)
  },

  /** By the registry, as GitHub's list of versions has also those without tags, which are children of indexes. */
  async *artifacts({ remote }, name) {
    for await (const tag of remote.tags(name)) yield* listedTag(tag)
  },
}

/** `/orgs` or `/users`: the two kinds of owners have paths of their own. */
async function kindOf({ vendor }: Reach, owner: string): Promise<string> {
  const reply = await vendor.api({ path: `/users/${owner}`, expects: [200, 404] })
  if (reply.status === 404) throw refused(vendor, `GET /users/${owner}`, 404, 'GitHub knows no such owner')
  return textIn(rowIn(reply), 'type') === 'Organization' ? '/orgs' : '/users'
}

async function* namesIn({ vendor }: { vendor: Remote }, path: string, owner: string) {
  const first = `${path}?package_type=container&per_page=100`
  for await (const row of paged(vendor, path, async (cursor = first) => {
    const reply = await vendor.api({ path: cursor })
    return { rows: rowsIn(reply, vendor, path), next: reply.next }
  })) {
    const own = row['owner'] as Row | undefined
    const login = owner || textIn(own ?? {}, 'login')
    yield* asNames([`${login}/${textIn(row, 'name')}`.toLowerCase()])
  }
}
