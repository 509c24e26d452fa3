/**
 * Reports what a Kubernetes cluster runs to Marina, which then keeps it: one run reads all pods and sends one report.
 * To be run every few minutes, as deploy/report-deployments.yaml does. Plain Node, no packages.
 *
 * MARINA_URL, MARINA_USER, MARINA_PASSWORD: where Marina is, and a robot with tag-retention:create.
 * MARINA_CLUSTER: the name of this cluster. MARINA_REGISTRY: the host by which pods name Marina, by default that of
 * MARINA_URL. MARINA_REPORT_TTL: seconds for which the report holds, 3600 when absent; several times the interval.
 * KUBERNETES_URL: the API server; in a pod, Kubernetes sets what is needed.
 */
import { readFile } from 'node:fs/promises'

type Image = { repository: string; digest: string; workload: string }
type Pod = {
  metadata: { namespace: string; name: string; ownerReferences?: { name: string }[] }
  status?: Partial<Record<'containerStatuses' | 'initContainerStatuses', { image: string; imageID: string }[]>>
}
type Page = { items: Pod[]; metadata?: { continue?: string } }

const account = '/var/run/secrets/kubernetes.io/serviceaccount'
/** How long one request may take, in ms; pods that are read at once. */
const [timeoutMs, pageSize] = [30_000, 500]

try {
  await report()
} catch (error) {
  process.stderr.write(`nothing was reported: ${(error as Error).message}\n`)
  process.exitCode = 1
}

async function report(): Promise<void> {
  const [url, cluster] = [need('MARINA_URL'), need('MARINA_CLUSTER')]
  const host = process.env['MARINA_REGISTRY'] ?? new URL(url).host
  const images = new Map<string, Image>()
  for await (const pod of pods())
    for (const image of imagesOf(pod, host)) images.set(`${image.repository}@${image.digest}`, image)
  const login = Buffer.from(`${need('MARINA_USER')}:${need('MARINA_PASSWORD')}`).toString('base64')
  const answer = await fetch(new URL('/api/v2.0/deployments', url), {
    method: 'POST',
    headers: { authorization: `Basic ${login}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      cluster,
      ttl_seconds: Number(process.env['MARINA_REPORT_TTL'] ?? 3600),
      images: [...images.values()],
    }),
    signal: AbortSignal.timeout(timeoutMs),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`Marina answered ${answer.status}: ${text.slice(0, 500)}`)
  const { kept, passed_over: over } = JSON.parse(text) as { kept: number; passed_over: Image[] }
  const lines = [`${kept} images are kept`, ...over.map((one) => `not kept: ${one.repository}@${one.digest}`)]
  process.stdout.write(`${lines.join('\n')}\n`)
}

/** All pods of the cluster that have not ended, a page at a time. */
async function* pods(): AsyncGenerator<Pod> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env
  const url = process.env['KUBERNETES_URL'] ?? `https://${host}:${port}`
  const token = await readFile(process.env['KUBERNETES_TOKEN_FILE'] ?? `${account}/token`, 'utf8')
  for (let next = ''; ;) {
    const target = new URL('/api/v1/pods', url)
    target.searchParams.set('limit', String(pageSize))
    target.searchParams.set('fieldSelector', 'status.phase!=Succeeded,status.phase!=Failed')
    if (next !== '') target.searchParams.set('continue', next)
    const answer = await fetch(target, {
      headers: { authorization: `Bearer ${token.trim()}` },
      signal: AbortSignal.timeout(timeoutMs),
    })
    if (!answer.ok) throw new Error(`Kubernetes answered ${answer.status} for its pods`)
    const page = (await answer.json()) as Page
    yield* page.items
    next = page.metadata?.continue ?? ''
    if (next === '') return
  }
}

/** The images of this registry that a pod runs, by digest: Kubernetes names it in imageID once the image is pulled. */
function imagesOf({ metadata, status = {} }: Pod, host: string): Image[] {
  const workload = `${metadata.namespace}/${metadata.ownerReferences?.[0]?.name ?? metadata.name}`
  const all = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])]
  return all.flatMap(({ image, imageID }) => {
    const names = [imageID, image].map((one) => one.replace(/^docker-pullable:\/\//, ''))
    const named = names.find((one) => one.includes('@'))
    const [name = '', digest = ''] = named?.split('@') ?? []
    return name.startsWith(`${host}/`) ? [{ repository: name.slice(host.length + 1), digest, workload }] : []
  })
}

function need(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set`)
  return value
}
