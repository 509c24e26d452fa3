#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { findClientCommand } from '../cli/nouns.ts'

// Node keeps the compiled code for the next start, if this folder can be written; in a shared temporary folder other
// users could replace it.
enableCompileCache(path.join(import.meta.dirname, '../.cache/compile'))

// A reader of the output may leave early (`| head`): that must not end a registry, or a command halfway.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

// A command that talks to a running server loads nothing of the server.
const words = process.argv.slice(2)
const client = findClientCommand(words[0])
if (client) await (await import('../cli/main.ts')).runClient(client, words)
else await (await loadProgram()).runProgram(words)

/** What serves comes from a bundle of these sources, if there is one. Other commands start sooner without. */
async function loadProgram(): Promise<typeof import('./commands/program.ts')> {
  const isServing = words.some((word) => word === 'serve' || word === 'work')
  const bundle = isServing ? (await import('./bundle/find.mjs')).findBundle() : undefined
  if (bundle === undefined) return import('./commands/program.ts')
  return import(pathToFileURL(path.join(bundle, 'program.mjs')).href) as Promise<typeof import('./commands/program.ts')>
}
