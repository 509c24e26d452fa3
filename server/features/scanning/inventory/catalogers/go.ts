import { Unreadable } from '../bounds.ts'
import type { RandomBytes } from '../bytes.ts'
import type { Component } from '../component.ts'
import { findSection, isElf } from '../elf.ts'
import type { Cataloger } from './cataloger.ts'
import { isProgram } from './program.ts'
import { linesOf } from './stanzas.ts'

const magic = Buffer.from('\xff Go buildinf:', 'latin1')
/** The most bytes of build information: that of the largest programs has less than one MiB. */
const mostBytes = 16 * 2 ** 20

/**
 * Modules that a Go program was built from: the build information that Go 1.18 and later writes into it
 * (debug/buildinfo, runtime/debug.BuildInfo). That of earlier versions holds addresses, and is not read.
 */
export const go: Cataloger = {
  name: 'go',
  wants: (_, head) => isProgram(head),
  isList: false,
  isLarge: true,
  read(_, bytes) {
    const at = findInfo(bytes)
    return at === undefined ? [] : componentsOf(...readInfo(bytes, at))
  },
}

function findInfo(bytes: RandomBytes): number | undefined {
  const isNamed = isElf(bytes.read(0, Math.min(4, bytes.size)))
  const section = isNamed ? findSection(bytes, '.go.buildinfo') : { at: 0, length: bytes.size }
  if (!section) return undefined
  const step = 4 * 2 ** 20
  // Windows and macOS have no section of its own: the information begins at a multiple of 16 bytes.
  for (let from = section.at; from < section.at + section.length; from += step) {
    const chunk = bytes.read(from, Math.min(step + 16, section.at + section.length - from))
    for (let at = chunk.indexOf(magic); at >= 0; at = chunk.indexOf(magic, at + 1))
      if ((from + at) % 16 === 0 || isNamed) return from + at
  }
  return undefined
}

/** Go's version, and the text that lists the modules. */
function readInfo(bytes: RandomBytes, at: number): [string, string] {
  const flags = bytes.read(at + 15, 1)[0]!
  if ((flags & 2) === 0) return ['', '']
  const version = readString(bytes, at + 32)
  const modules = readString(bytes, version.end)
  // The text stands between two marks of 16 bytes.
  const text = modules.text.length >= 33 ? modules.text.subarray(16, -16) : Buffer.alloc(0)
  return [version.text.toString('utf8'), text.toString('utf8')]
}

/** A string after its length, which is a varint as of encoding/binary. */
function readString(bytes: RandomBytes, at: number): { text: Buffer; end: number } {
  let [length, shift, place] = [0, 0, at]
  for (;;) {
    const byte = bytes.read(place++, 1)[0]!
    length += (byte & 0x7f) * 2 ** shift
    if (byte < 0x80) break
    if ((shift += 7) > 28) throw new Unreadable('its build information has no valid length')
  }
  if (length > mostBytes) throw new Unreadable('its build information is larger than 16 MiB')
  return { text: bytes.read(place, length), end: place + length }
}

function componentsOf(goVersion: string, text: string): Component[] {
  const found: Component[] = []
  for (const line of linesOf(text)) {
    const [kind, path = '', version = ''] = line.split('\t')
    if (path === '') continue
    if (kind === 'mod' || kind === 'dep') found.push(moduleOf(path, version))
    if (kind === '=>') replaceLast(found, path, version)
  }
  const [, number] = /^go(\d[^\s]*)/.exec(goVersion) ?? []
  return number === undefined ? found : [...found, { type: 'golang', name: 'stdlib', version: number }]
}

/** A folder that takes the place of a module has no version, and no name that others know. */
function replaceLast(found: Component[], path: string, version: string): void {
  const before = found.pop()
  if (!/^[./]/.test(path)) found.push(moduleOf(path, version))
  else if (before) found.push({ ...before, version: '' })
}

function moduleOf(path: string, version: string): Component {
  const slash = path.lastIndexOf('/')
  return {
    type: 'golang',
    ...(slash > 0 ? { namespace: path.slice(0, slash) } : {}),
    name: path.slice(slash + 1),
    // What a folder was built from has no version, and must match none.
    version: version === '(devel)' ? '' : version,
  }
}
