import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'

/** Path from the root, with forward slashes, to contents. */
export type Tree = ReadonlyMap<string, string>

/** What git tracks, and what it would once added. Links and bytes that are no text are left out. */
export function readTree(root: string): Tree {
  const listing = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const listed = execFileSync('git', listing, { cwd: root, encoding: 'utf8' })
  const isFile = (name: string) => statSync(path.join(root, name), { throwIfNoEntry: false })?.isFile() === true
  const names = [...new Set(listed.split('\0'))].filter((name) => name !== '' && isFile(name))
  const files = names.map((name) => [name, readFileSync(path.join(root, name), 'utf8')] as const)
  return new Map(files.filter(([, text]) => !text.includes('\0')))
}

/** True of TypeScript. */
export const isSource = (name: string) => /\.tsx?$/.test(name)
/** True of what only tests run. */
export const isTest = (name: string) => /\.(?:test|suite|test-child)\.tsx?$/.test(name)
/** The feature that a path lies in. */
export const featureOf = (name: string) => name.split('/')[2] ?? ''

/** Where an import leads: a path from the root, `node:fs`, or `package pg`. */
export function resolveImport(from: string, specifier: string): string {
  if (specifier.startsWith('node:')) return specifier
  const isInside = specifier.startsWith('.')
  return isInside ? path.posix.join(path.posix.dirname(from), specifier) : `package ${specifier}`
}
