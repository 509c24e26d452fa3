import type { Budget } from '../bounds.ts'
import { inMemory, type RandomBytes } from '../bytes.ts'
import type { Component } from '../component.ts'
import { entriesOf, readEntry, type ZipEntry } from '../zip.ts'
import type { Cataloger } from './cataloger.ts'
import { linesOf } from './stanzas.ts'

const archive = /\.(?:jar|war|ear|jpi|hpi)$/i
/** Archives within archives are opened down to this level; the file itself is the first. */
const levels = 3
/** The most bytes of a manifest or of a `pom.properties`. */
const textBytes = 2 ** 20

/** Java archives: the coordinates that Maven wrote into them, else the manifest, else the name of the file. */
export const java: Cataloger = {
  name: 'java',
  wants: (path, head) => archive.test(path) && head.length >= 4 && head.readUInt16BE(0) === 0x504b,
  isList: false,
  isLarge: true,
  read: (path, bytes, budget) => readArchive(path, bytes, budget, 1),
}

function readArchive(path: string, bytes: RandomBytes, budget: Budget, level: number): Component[] {
  const entries = entriesOf(bytes, budget)
  const inner = level < levels ? entries.filter(({ name }) => archive.test(name)) : []
  return [
    ...ownOf(path, bytes, entries, budget),
    ...inner.flatMap((entry) => {
      const content = Buffer.from(readEntry(bytes, entry, budget.bounds.fileBytes, budget))
      return readArchive(entry.name, inMemory(content), budget, level + 1)
    }),
  ]
}

function ownOf(path: string, bytes: RandomBytes, entries: ZipEntry[], budget: Budget): Component[] {
  const poms = entries.filter(({ name }) => /^META-INF\/maven\/[^/]+\/[^/]+\/pom\.properties$/.test(name))
  const named = poms.flatMap((entry) => fromPom(readEntry(bytes, entry, textBytes, budget).toString('utf8')))
  if (named.length > 0) return named
  const manifest = entries.find(({ name }) => name.toUpperCase() === 'META-INF/MANIFEST.MF')
  const said = manifest && manifestOf(readEntry(bytes, manifest, textBytes, budget).toString('utf8'))
  return fromManifest(path, said ?? new Map())
}

function fromPom(text: string): Component[] {
  const values = valuesOf(text, /[=:]/)
  const [namespace, name, version] = ['groupid', 'artifactid', 'version'].map((key) => values.get(key))
  return namespace && name && version ? [{ type: 'maven', namespace, name, version }] : []
}

/** The main section of a manifest; lines are broken after 72 bytes and go on after a blank (JAR File Specification). */
function manifestOf(text: string): Map<string, string> {
  const [main = ''] = text.replaceAll('\r\n', '\n').split('\n\n', 1)
  return valuesOf(main.replaceAll('\n ', ''), /:/)
}

/** `key: value`, a line each; keys in lower case. */
function valuesOf(text: string, separator: RegExp): Map<string, string> {
  const values = new Map<string, string>()
  for (const line of linesOf(text)) {
    const at = line.search(separator)
    if (at > 0) values.set(line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim())
  }
  return values
}

function fromManifest(path: string, said: Map<string, string>): Component[] {
  const file = path
    .slice(path.lastIndexOf('/') + 1)
    .slice(-255)
    .replace(archive, '')
  const [, fileName = file, fileVersion] = /^(.+?)-(\d[\w.+~-]*)$/.exec(file) ?? []
  const bundle = said.get('bundle-symbolicname')?.split(';')[0]
  // An archive that says no version is there all the same.
  const version = fileVersion ?? said.get('implementation-version') ?? said.get('bundle-version') ?? ''
  if (fileName === '') return []
  const vendor = said.get('implementation-vendor-id')
  const group = [vendor, bundle].find((one) => one !== undefined && /^[\w.-]+$/.test(one)) ?? fileName
  return [{ type: 'maven', namespace: groupOf(group, fileName), name: fileName, version }]
}

/** A bundle is often named by its group and its artifact together: `org.ow2.asm.asm` or `com.example.app`. */
function groupOf(text: string, name: string): string {
  return text.endsWith(`.${name}`) ? text.slice(0, -name.length - 1) : text
}
