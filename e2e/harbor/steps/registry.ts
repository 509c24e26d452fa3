import type { Step } from '../side.ts'

const at = '/v2/open-{n}'
const accept = 'application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json'

/** What docker and others ask below /v2, of what `images.ts` has pushed. */
export const registry: Step[] = [
  { what: 'v2', ask: 'GET /v2/' },
  { what: 'v2 of nobody', ask: 'GET /v2/', as: 'nobody' },
  { what: 'v2 with a wrong password', ask: 'GET /v2/', as: 'stranger' },
  {
    what: 'token of nobody',
    ask: 'GET /service/token?service=harbor-registry&scope=repository:open-{n}/app:pull',
    as: 'nobody',
  },
  { what: 'token with a wrong password', ask: 'GET /service/token?service=harbor-registry', as: 'stranger' },
  { what: 'token of another service', ask: 'GET /service/token?service=apples' },
  { what: 'catalog', ask: 'GET /v2/_catalog?n=1' },
  { what: 'catalog of nobody', ask: 'GET /v2/_catalog', as: 'nobody' },
  { what: 'tag list', ask: `GET ${at}/app/tags/list` },
  { what: 'tag list of a page', ask: `GET ${at}/app/tags/list?n=1` },
  { what: 'next tags', ask: `GET ${at}/app/tags/list?n=1&last=v1` },
  { what: 'tag list of an absent repository', ask: `GET ${at}/absent/tags/list` },
  { what: 'tag list of an absent project', ask: 'GET /v2/absent-{n}/app/tags/list' },
  { what: 'manifest', ask: `GET ${at}/app/manifests/v1`, headers: { accept } },
  { what: 'manifest by digest', ask: `GET ${at}/app/manifests/{first}`, headers: { accept } },
  { what: 'head of a manifest', ask: `HEAD ${at}/app/manifests/v1`, headers: { accept } },
  { what: 'absent manifest', ask: `GET ${at}/app/manifests/absent`, headers: { accept } },
  { what: 'head of an absent manifest', ask: `HEAD ${at}/app/manifests/absent`, headers: { accept } },
  { what: 'manifest of an absent repository', ask: `GET ${at}/absent/manifests/v1`, headers: { accept } },
  { what: 'manifest of nobody', ask: `GET ${at}/app/manifests/v1`, as: 'nobody', headers: { accept } },
  { what: 'private manifest of nobody', ask: 'GET /v2/p-{n}/app/manifests/v1', as: 'nobody', headers: { accept } },
  { what: 'private manifest of a stranger', ask: 'GET /v2/p-{n}/app/manifests/v1', as: 'bob-{n}', headers: { accept } },
  { what: 'index', ask: `GET ${at}/index/manifests/v1`, headers: { accept } },
  { what: 'absent blob', ask: `GET ${at}/app/blobs/sha256:${'0'.repeat(64)}` },
  { what: 'blob with a bad digest', ask: `GET ${at}/app/blobs/sha256:00` },
  { what: 'push without the right', ask: `POST ${at}/app/blobs/uploads/`, as: 'bob-{n}' },
  { what: 'push of nobody', ask: `POST ${at}/app/blobs/uploads/`, as: 'nobody' },
  { what: 'push to an absent project', ask: 'POST /v2/absent-{n}/app/blobs/uploads/' },
  { what: 'push to no project', ask: 'POST /v2/app/blobs/uploads/' },
  {
    what: 'manifest that is no JSON',
    ask: `PUT ${at}/app/manifests/bad`,
    body: 'no json',
    headers: { 'content-type': 'application/vnd.oci.image.manifest.v1+json' },
  },
  {
    what: 'absent upload',
    ask: `PUT ${at}/app/blobs/uploads/00000000-0000-4000-8000-000000000000?digest=sha256:${'0'.repeat(64)}`,
  },
  { what: 'referrers', ask: `GET ${at}/app/referrers/{first}` },
  { what: 'referrers of a bad digest', ask: `GET ${at}/app/referrers/bad` },
  { what: 'delete by tag', ask: `DELETE ${at}/app/manifests/absent` },
  { what: 'unknown path', ask: `GET ${at}/app/apples` },
]
