import type { Static } from 'typebox'
import type * as api from '../../../../api/compare.ts'
import type { Descriptor } from '../../../../oci/manifest.ts'

type Difference = Static<typeof api.Difference>
export type Layer = Static<typeof api.ComparedLayer>
type Layers = { shared: Layer[]; removed: Layer[]; added: Layer[] }
type Config = Record<string, unknown>
/** Values by kind and name, in the order in which they are shown. */
type Values = Map<string, { kind: string; name: string; value: string }>

/** The longest value that an answer holds, in characters; a longer one is cut, and still compared whole. */
const longest = 4096

/**
 * What differs between two configs. Those of images are read as OCI Image Specification 1.1, "Image Configuration",
 * says: variables, labels, ports and volumes one by one. Of other configs, the values at their top.
 */
export function compareConfigs(before: Config, after: Config, isImage: boolean): Difference[] {
  const read = isImage ? imageValues : topValues
  return differences(read(before), read(after))
}

export function compareAnnotations(before: Record<string, string>, after: Record<string, string>): Difference[] {
  const read = (all: Record<string, string>) => valuesOf(Object.entries(all).map((one) => ['annotation', ...one]))
  return differences(read(before), read(after))
}

function differences(before: Values, after: Values): Difference[] {
  return [...new Map([...before, ...after])].flatMap(([key, { kind, name }]) => {
    const [was, is] = [before.get(key)?.value, after.get(key)?.value]
    if (was === is) return []
    return [
      {
        kind,
        name: shown(name),
        ...(was === undefined ? {} : { before: shown(was) }),
        ...(is === undefined ? {} : { after: shown(is) }),
      },
    ]
  })
}

const shown = (text: string) => (text.length > longest ? `${text.slice(0, longest)}…` : text)

function valuesOf(rows: [kind: string, name: string, value: string][]): Values {
  return new Map(rows.map(([kind, name, value]) => [`${kind}\n${name}`, { kind, name, value }]))
}

/** Fields of the config itself, and of its `config`, that have one value. */
const settings = ['os', 'os.version', 'architecture', 'variant', 'author']
const ofRun = ['User', 'Entrypoint', 'Cmd', 'WorkingDir', 'StopSignal', 'Healthcheck', 'Shell', 'OnBuild']

function imageValues(config: Config): Values {
  const run = objectOf(config['config'])
  const setting =
    (from: Config) =>
    (name: string): [string, string, string][] =>
      isSet(from[name]) ? [['setting', name, textOf(from[name])]] : []
  return valuesOf([
    ...settings.flatMap(setting(config)),
    ...ofRun.flatMap(setting(run)),
    ...variables(run['Env']),
    ...Object.entries(objectOf(run['Labels'])).map(([name, value]): [string, string, string] => [
      'label',
      name,
      textOf(value),
    ]),
    ...Object.keys(objectOf(run['ExposedPorts'])).map((name): [string, string, string] => ['port', name, 'exposed']),
    ...Object.keys(objectOf(run['Volumes'])).map((name): [string, string, string] => ['volume', name, 'declared']),
  ])
}

const isSet = (value: unknown) => value !== undefined && value !== null && value !== ''

/** `NAME=value`, of which the value may hold more equals signs. */
function variables(list: unknown): [string, string, string][] {
  const all = Array.isArray(list) ? list.filter((one) => typeof one === 'string') : []
  return all.map((one) => {
    const at = one.indexOf('=')
    return at < 0 ? ['env', one, ''] : ['env', one.slice(0, at), one.slice(at + 1)]
  })
}

const topValues = (config: Config): Values =>
  valuesOf(Object.entries(config).map(([name, value]) => ['setting', name, textOf(value)]))

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

const objectOf = (value: unknown): Config =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Config) : {}

/** Layers of either side, in the order of their manifests. One that a manifest names twice stands there twice. */
export function compareLayers(before: Layer[], after: Layer[]): Layers {
  const [was, is] = [before, after].map((layers) => new Set(layers.map(({ digest }) => digest))) as [
    Set<string>,
    Set<string>,
  ]
  return {
    shared: after.filter(({ digest }) => was.has(digest)),
    removed: before.filter(({ digest }) => !is.has(digest)),
    added: after.filter(({ digest }) => !was.has(digest)),
  }
}

/** The layers of an image with the steps that made them: a history says which steps made no layer (`empty_layer`). */
export function layersOf(layers: Descriptor[], config: Config): Layer[] {
  const history = Array.isArray(config['history']) ? (config['history'] as unknown[]).map(objectOf) : []
  const steps = history.filter((step) => step['empty_layer'] !== true)
  const isWhole = steps.length === layers.length
  return layers.map(({ digest, mediaType, size }, index) => {
    const command = isWhole ? steps[index]!['created_by'] : undefined
    return {
      digest,
      media_type: mediaType,
      size,
      ...(typeof command === 'string' ? { command: shown(command) } : {}),
    }
  })
}
