import * as fs from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { Problem } from './problem.ts'

/** A saved login. `ca`: the path of a PEM file. */
export type Context = { url: string; username?: string; password?: string; ca?: string; isInsecure?: true }

type Contexts = { current?: string; contexts: Record<string, Context> }

/** `$XDG_CONFIG_HOME/marina/config.json`, by default in ~/.config; MARINA_CLI_CONFIG names another file. */
export function fileOfContexts(env: NodeJS.ProcessEnv): string {
  return (
    env['MARINA_CLI_CONFIG'] ||
    path.join(env['XDG_CONFIG_HOME'] || path.join(homedir(), '.config'), 'marina/config.json')
  )
}

/** Throws Problem when the file is there and cannot be read. */
export function readContexts(env: NodeJS.ProcessEnv): Contexts {
  const file = fileOfContexts(env)
  let text: string
  try {
    warnOfReaders(file, fs.statSync(file).mode)
    text = fs.readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { contexts: {} }
    throw new Problem(`${file} cannot be read: ${(error as Error).message}`)
  }
  return parseContexts(file, text)
}

function warnOfReaders(file: string, mode: number): void {
  if ((mode & 0o077) !== 0)
    process.stderr.write(`marina: others can read ${file}, which holds passwords: chmod 600 '${file}'\n`)
}

function parseContexts(file: string, text: string): Contexts {
  try {
    const { current, contexts = {} } = JSON.parse(text) as Partial<Contexts>
    const isWhole = Object.values(contexts).every((one) => typeof one.url === 'string')
    if (!isWhole) throw new Error('a login in it has no url')
    return { ...(current === undefined ? {} : { current }), contexts }
  } catch (error) {
    throw new Problem(`${file} is damaged: ${(error as Error).message}`, { wayOut: 'remove it and log in again' })
  }
}

/** Writes the file anew, for its owner alone: it holds passwords. A reader sees the old file or the new one. */
export function writeContexts(env: NodeJS.ProcessEnv, contexts: Contexts): void {
  const file = fileOfContexts(env)
  const draft = `${file}.${process.pid}.new`
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 })
    fs.writeFileSync(draft, `${JSON.stringify(contexts, null, 2)}\n`, { mode: 0o600 })
    fs.renameSync(draft, file)
  } catch (error) {
    fs.rmSync(draft, { force: true })
    throw new Problem(`${file} cannot be written: ${(error as Error).message}`)
  }
}

/** The login of a name; without a name the current one. */
export function findContext({ contexts, current }: Contexts, name = current): Context | undefined {
  return name !== undefined && Object.hasOwn(contexts, name) ? contexts[name] : undefined
}

export const listContexts = ({ contexts }: Contexts): Context[] => Object.values(contexts)
