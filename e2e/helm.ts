import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parseAllDocuments } from 'yaml'
import { end, root, run, type Ended } from './marina.ts'

type Container = {
  args: string[]
  env: {
    name: string
    value?: string
    valueFrom?: { secretKeyRef: { name: string; key: string; optional: boolean } }
  }[]
  securityContext?: object
  volumeMounts: { name: string; mountPath: string; readOnly?: boolean }[]
}

export type Pod = {
  containers: Container[]
  volumes: { name: string; secret?: { secretName: string } }[]
  securityContext?: object
  priorityClassName?: string
  topologySpreadConstraints?: object[]
}

/** An object of Kubernetes, as far as tests look at it. */
export type Rendered = {
  kind: string
  metadata: { name: string }
  data?: Record<string, string>
  stringData?: Record<string, string>
  spec: {
    replicas: number
    template: { metadata: { annotations: Record<string, string> }; spec: Pod }
  }
}

export type Helm = {
  run(...args: string[]): Promise<string>
  /** Renders Marina's chart as release `try`. Throws with Helm's words when chart or schema refuse the values. */
  render(values?: object): Promise<Rendered[]>
  end(...args: string[]): Promise<Ended>
}

export const chart = path.join(root, 'deploy/helm/marina')
const packed = path.join(root, 'node_modules/@aws-cdk/asset-kubectl-v20/lib/layer.zip')

/**
 * Helm itself: the one on PATH, or else the one that an npm package holds (Helm 3.8, for Linux on x64). Its settings
 * and caches are kept in `dir`.
 */
export async function openHelm(dir: string): Promise<Helm> {
  const file = (await isOnPath()) ? 'helm' : await unpack(dir)
  const folders = ['CACHE', 'CONFIG', 'DATA'].map((name) => [`HELM_${name}_HOME`, path.join(dir, name.toLowerCase())])
  const options = { env: Object.fromEntries(folders) as NodeJS.ProcessEnv, cwd: dir }
  const runHelm = (...args: string[]) => run([file, ...args], options)
  return {
    run: runHelm,
    end: (...args) => end([file, ...args], options),
    async render(values = {}) {
      const given = path.join(dir, `${randomUUID()}.json`)
      await writeFile(given, JSON.stringify(values))
      // Without a cluster, a Helm believes in the Kubernetes that it was built for, which may be too old for the chart.
      return parseObjects(await runHelm('template', 'try', chart, '--kube-version', '1.33.0', '--values', given))
    },
  }
}

const isOnPath = () =>
  run(['helm', 'version', '--short']).then(
    () => true,
    () => false,
  )

async function unpack(dir: string): Promise<string> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(`no Helm for ${process.platform} on ${process.arch}: put Helm 3.8 or newer on PATH, from helm.sh`)
  await run(['unzip', '-q', '-o', packed, 'helm/helm', '-d', dir])
  const file = path.join(dir, 'helm/helm')
  await run(['chmod', '755', file])
  return file
}

/** The objects in Helm's output; two keys of one name in an object are an error. */
function parseObjects(text: string): Rendered[] {
  return parseAllDocuments(text).flatMap((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0]
    const value = document.toJS() as Rendered | null
    return value === null ? [] : [value]
  })
}
