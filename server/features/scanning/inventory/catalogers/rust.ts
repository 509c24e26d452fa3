import { inflateSync } from 'node:zlib'
import { Unreadable } from '../bounds.ts'
import { isObject, textIn } from '../bytes.ts'
import { findSection, isElf } from '../elf.ts'
import type { Cataloger } from './cataloger.ts'

/** The most bytes of the list, packed and unpacked. */
const mostBytes = 8 * 2 ** 20

/** Crates that a Rust program was built from, where `cargo auditable` built it (rust-secure-code/cargo-auditable). */
export const rust: Cataloger = {
  name: 'rust',
  wants: (_, head) => isElf(head),
  isList: false,
  isLarge: true,
  read(_, bytes) {
    const section = findSection(bytes, '.dep-v0')
    if (!section) return []
    if (section.length > mostBytes) throw new Unreadable('its list of crates is larger than 8 MiB')
    const { packages } = parse(bytes.read(section.at, section.length))
    return (Array.isArray(packages) ? packages : []).filter(isObject).flatMap(({ name, version, kind }) =>
      // What only the build used is not in the program.
      textIn(name) === '' || textIn(version) === '' || kind === 'build'
        ? []
        : [{ type: 'cargo' as const, name: textIn(name), version: textIn(version) }],
    )
  },
}

function parse(packed: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(inflateSync(packed, { maxOutputLength: mostBytes }).toString('utf8'))
    return isObject(value) ? value : {}
  } catch {
    throw new Unreadable('its list of crates cannot be unpacked')
  }
}
