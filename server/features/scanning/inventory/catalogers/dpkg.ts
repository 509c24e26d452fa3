import { textOf } from '../bytes.ts'
import type { Component } from '../component.ts'
import type { Cataloger } from './cataloger.ts'
import { stanzasOf, type Stanza } from './stanzas.ts'

const path = /^var\/lib\/dpkg\/status(?:\.d\/[^/]+)?$/

/**
 * Packages of Debian and its relatives: the list of dpkg (deb-control(5), dpkg-query(1)), and images that have a file
 * for each package in `status.d`.
 */
export const dpkg: Cataloger = {
  name: 'dpkg',
  wants: (name) => path.test(name) && !name.endsWith('.md5sums'),
  isList: true,
  isLarge: false,
  read: (_, bytes) => [...stanzasOf(textOf(bytes))].flatMap(read),
}

/** States of packages of which no files are installed. */
const absent = new Set(['not-installed', 'config-files'])

function read(stanza: Stanza): Component[] {
  const [name, version] = [stanza.get('package'), stanza.get('version')]
  const state = stanza.get('status')?.split(/\s+/)[2]
  if (!name || !version || (state !== undefined && absent.has(state))) return []
  const arch = stanza.get('architecture')
  const source = sourceOf(stanza.get('source'), name, version)
  return [{ type: 'deb', name, version, ...(arch ? { qualifiers: { arch } } : {}), ...(source ? { source } : {}) }]
}

/** `Source: glibc` or `Source: glibc (2.36-9)`; absent when the source package is called like the package. */
function sourceOf(text: string | undefined, name: string, version: string): Component['source'] {
  const [, source, ofSource] = /^(\S+)(?:\s+\(([^)]+)\))?$/.exec(text ?? '') ?? []
  if (source === undefined) return undefined
  const found = { name: source, version: ofSource ?? version }
  return found.name === name && found.version === version ? undefined : found
}
