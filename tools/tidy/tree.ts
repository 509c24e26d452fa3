import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'

/** The contents of files by their path from the root, with forward slashes. */
export type Tree = ReadonlyMap<string, string>

/** The files that git tracks, and new ones that it does not ignore. Links and binary files are left out. */
export function readTree(root: string): Tree {
  const listing = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
  const listed = execFileSync('git', listing, { cwd: root, encoding: 'utf8' })
  const isFile = (name: string) => statSync(path.join(root, name), { throwIfNoEntry: false })?.isFile() === true
  const names = [...new Set(listed.split('\0'))].filter((name) => name !== '' && isFile(name))
  const files = names.map((name) => [name, readFileSync(path.join(root, name), 'utf8')] as const)
  return new Map(files.filter(([, text]) => !text.includes('\0')))
}

/** True of TypeScript files. */
export const isSource = (name: string) => /\.tsx?$/.test(name)
/** True of files that only tests run. */
export const isTest = (name: string) => /\.(?:test|suite|test-child)\.tsx?$/.test(name)
/** The feature that a path belongs to. */
export const featureOf = (name: string) => name.split('/')[2] ?? ''

/** The target of an import: a path from the root, `node:fs`, or `package pg`. */
export function resolveImport(from: string, specifier: string): string {
  if (specifier.startsWith('node:')) return specifier
  const isInside = specifier.startsWith('.')
  return isInside ? path.posix.join(path.posix.dirname(from), specifier) : `package ${specifier}`
}
