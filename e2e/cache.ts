import { ask, basic } from './http.ts'
import type { Marina } from './marina.ts'

/** Makes a public project that caches the docker-registry at this URL. */
export async function makeCache({ url, password }: Marina, name: string, upstream: string): Promise<void> {
  const headers = { ...basic(password!), 'content-type': 'application/json' }
  const post = async (path: string, body: object) =>
    ask(`${url}/api/v2.0/${path}`, 201, { method: 'POST', headers, body: JSON.stringify(body) })
  const saved = await post('registries', { name, type: 'docker-registry', url: upstream })
  const id = Number(/\d+$/.exec(saved.headers.get('location')!)![0])
  await post('projects', { project_name: name, registry_id: id, metadata: { public: 'true' } })
}
