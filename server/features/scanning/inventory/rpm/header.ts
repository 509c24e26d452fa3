import { Unreadable } from '../bounds.ts'
import type { Component } from '../component.ts'

/** The most bytes of one package's header: those of the largest packages have a few MiB. */
export const mostHeaderBytes = 64 * 2 ** 20

/** Tags of a header (rpmtag.h), and what they are called here. */
const tags = new Map([
  [1000, 'name'],
  [1001, 'version'],
  [1002, 'release'],
  [1003, 'epoch'],
  [1014, 'license'],
  [1022, 'arch'],
  [1044, 'source'],
])

/**
 * The package of a header, as every kind of database of rpm holds it (rpm.org, "RPM V4 Package Format", header without
 * its magic): two counts, the index of 16 bytes an entry, and the data, all big-endian. Throws Unreadable.
 */
export function componentOf(header: Buffer): Component[] {
  if (header.length < 8) throw new Unreadable('a header in it is too short')
  const [count, length] = [header.readUInt32BE(0), header.readUInt32BE(4)]
  const dataAt = 8 + count * 16
  if (dataAt + length > header.length) throw new Unreadable('a header in it is cut off')
  const data = header.subarray(dataAt, dataAt + length)
  const values: Record<string, string> = {}
  for (let at = 8; at < dataAt; at += 16) {
    const name = tags.get(header.readUInt32BE(at))
    if (name !== undefined) values[name] ??= valueOf(data, header.readUInt32BE(at + 4), header.readUInt32BE(at + 8))
  }
  return fromValues(values)
}

/** Types of values: INT32 is 4, STRING 6, STRING_ARRAY 8, I18NSTRING 9; of several, the first. */
function valueOf(data: Buffer, type: number, at: number): string {
  if (type === 4 && at + 4 <= data.length) return String(data.readUInt32BE(at))
  const end = data.indexOf(0, at)
  if (![6, 8, 9].includes(type) || end < at) throw new Unreadable('a header in it has a value that is not there')
  return data.toString('utf8', at, end)
}

function fromValues(values: Record<string, string>): Component[] {
  const { name = '', version = '', release = '', epoch = '', license = '', arch = '', source = '' } = values
  // Keys that sign packages are in the list as if they were packages.
  if (name === '' || version === '' || name === 'gpg-pubkey') return []
  const whole = release === '' ? version : `${version}-${release}`
  const from = /^(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm$/.exec(source)
  return [
    {
      type: 'rpm',
      name,
      version: whole,
      qualifiers: { ...(arch ? { arch } : {}), ...(epoch ? { epoch } : {}) },
      ...(license ? { license } : {}),
      ...(from && (from[1] !== name || from[2] !== whole) ? { source: { name: from[1]!, version: from[2]! } } : {}),
    },
  ]
}
