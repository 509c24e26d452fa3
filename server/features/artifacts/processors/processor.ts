import type { Manifest } from '../../../../oci/manifest.ts'
import type { Sources } from '../../../registry/describe.ts'

export type Attributes = Record<string, unknown>

/** Knows one kind of artifact: how to recognize it, its attributes, and its additions. */
export type Processor = {
  /** The type in Harbor's words, such as IMAGE. */
  type: string | ((manifest: Manifest) => string)
  isFor(manifest: Manifest): boolean
  /** Reads what `extra_attrs` shows. When it throws, `extra_attrs` is empty. */
  read(manifest: Manifest, sources: Sources): Promise<Attributes>
  additions: readonly Addition[]
}

export type Addition = 'build_history' | 'values.yaml' | 'readme.md' | 'dependencies' | 'sbom' | 'license' | 'files'

/** A larger config, in bytes, is not read. */
const configLimit = 1024 * 1024

/** Reads the config as a JSON object; empty without a config, or when it is no object. Throws when it is no JSON. */
export async function readConfig({ config }: Manifest, sources: Sources): Promise<Attributes> {
  const bytes = config && (await sources.blob(config, configLimit))
  const value: unknown = bytes ? JSON.parse(bytes.toString('utf8')) : {}
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Attributes) : {}
}
