import type { Readable } from 'node:stream'
import type { Descriptor, Manifest } from '../../../../oci/manifest.ts'
import { Failure } from '../../../platform/http/failure.ts'
import type { Addition } from '../processors/processor.ts'
import { readFromTar, readWhole } from './read.ts'

type Shown = { contentType: string; content: string | Buffer }
export type OpenBlob = (descriptor: Descriptor) => Promise<Readable>
type Read = (manifest: Manifest, open: OpenBlob, type: string) => Promise<Shown>

const json = (value: unknown): Shown => ({
  contentType: 'application/json; charset=utf-8',
  content: JSON.stringify(value),
})
const plain = (content: Buffer | undefined): Shown => ({
  contentType: 'text/plain; charset=utf-8',
  content: content ?? '',
})
const markdown = (content: Buffer | undefined): Shown => ({
  contentType: 'text/markdown; charset=utf-8',
  content: content ?? '',
})

/** Reads an addition of an artifact of this type in Harbor's words, which has it. Throws BAD_REQUEST and NOT_FOUND. */
export const readAddition = (addition: Addition, manifest: Manifest, open: OpenBlob, type = ''): Promise<Shown> =>
  readers[addition](manifest, open, type)

/** Reads each addition of an artifact. All are sent with types that no browser renders (X03). */
const readers: Record<Addition, Read> = {
  build_history: async (manifest, open) => json((await configOf(manifest, open))['history'] ?? []),
  dependencies: async (manifest, open) => json(dependenciesOf(await configOf(manifest, open))),
  'values.yaml': async (manifest, open) => plain(await fileOfChart(manifest, open, ['values.yaml'])),
  'readme.md': async (manifest, open, type) =>
    markdown(
      type === 'CNAI'
        ? await fileOfModel(manifest, open, ['readme.md', 'readme'])
        : await fileOfChart(manifest, open, ['readme.md']),
    ),
  license: async (manifest, open) => plain(await fileOfModel(manifest, open, ['license', 'license.txt', 'license.md'])),
  files: async ({ layers }) => json(treeOf(layers)),
  async sbom({ layers }, open) {
    const [layer] = layers
    if (!layer) throw new Failure('NOT_FOUND', 'the SBOM has no layer')
    return {
      contentType: 'application/json; charset=utf-8',
      content: await readWhole(await open(layer), 16 * 1024 * 1024),
    }
  },
}

async function configOf({ config }: Manifest, open: OpenBlob): Promise<Record<string, unknown>> {
  const text = config ? (await readWhole(await open(config))).toString('utf8') : '{}'
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : {}
  } catch (error) {
    throw new Failure('BAD_REQUEST', 'the config of this artifact is not JSON', { cause: error })
  }
}

function dependenciesOf({ dependencies }: Record<string, unknown>) {
  const all = Array.isArray(dependencies) ? (dependencies as unknown[]) : []
  const text = (value: unknown) => (typeof value === 'string' ? value : '')
  return all
    .filter((one): one is Record<string, unknown> => typeof one === 'object' && one !== null)
    .map((one) => ({ name: text(one['name']), version: text(one['version']), repository: text(one['repository']) }))
}

const chartLayers = ['application/vnd.cncf.helm.chart.content.v1.tar+gzip', 'application/tar+gzip']

/** Reads a file of a chart: its own files stand one folder deep, those of charts within it deeper. */
async function fileOfChart({ layers }: Manifest, open: OpenBlob, names: string[]): Promise<Buffer | undefined> {
  const layer = layers.find(({ mediaType }) => chartLayers.includes(mediaType))
  return (
    layer &&
    readFromTar(
      await open(layer),
      true,
      (name) =>
        /^(?:\.\/)?[^/]+\/[^/]+$/.test(name) && names.includes(name.slice(name.lastIndexOf('/') + 1).toLowerCase()),
    )
  )
}

const pathAnnotations = ['org.cnai.model.filepath', 'org.cncf.model.filepath', 'org.opencontainers.image.title']

function pathOf({ annotations = {} }: Descriptor): string {
  return pathAnnotations.map((key) => annotations[key]).find((path) => typeof path === 'string') ?? ''
}

/** Reads a file of a model, which has a layer for each file, either its plain bytes or a tar. */
async function fileOfModel({ layers }: Manifest, open: OpenBlob, names: string[]): Promise<Buffer | undefined> {
  const layer = layers.find((one) => names.includes(pathOf(one).toLowerCase()))
  if (!layer) return undefined
  if (!/\.tar\b/.test(layer.mediaType)) return readWhole(await open(layer))
  return readFromTar(await open(layer), layer.mediaType.endsWith('gzip'), () => true)
}

type Entry = { name: string; type: 'file' | 'directory'; size?: number; children?: Entry[] }

/** The files that the layers name, as a tree of folders. The names are shown, and used for nothing else (X15). */
function treeOf(layers: Descriptor[]): Entry[] {
  const root: Entry[] = []
  for (const layer of layers) {
    const segments = pathOf(layer)
      .split('/')
      .filter((one) => one !== '' && one !== '.' && one !== '..')
      .slice(0, 32)
    let folder = root
    for (const segment of segments.slice(0, -1)) {
      let next = folder.find(({ name, type }) => name === segment && type === 'directory')
      if (!next) folder.push((next = { name: segment, type: 'directory', children: [] }))
      folder = next.children!
    }
    const last = segments.at(-1)
    if (last !== undefined) folder.push({ name: last, type: 'file', size: layer.size })
  }
  return root
}
