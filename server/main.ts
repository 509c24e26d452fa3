#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import path from 'node:path'
import { Command as Program, CommanderError } from 'commander'
import { admin } from './commands/admin.ts'
import { cache } from './commands/cache.ts'
import { addCommand } from './commands/command.ts'
import { completion } from './commands/completion.ts'
import { config } from './commands/config.ts'
import { fsck } from './commands/fsck.ts'
import { keys } from './commands/keys.ts'
import { migrate } from './commands/migrate.ts'
import { serve } from './commands/serve.ts'
import { undelete } from './commands/undelete.ts'
import { work } from './commands/work.ts'
import { ConfigError } from './config/config.ts'

// Each command imports what it needs, so that help, config and completion answer at once. Node keeps the compiled code
// for the next start, if this folder can be written; in a shared temporary folder other users could replace it.
enableCompileCache(path.join(import.meta.dirname, '../.cache/compile'))

const commands = [serve, work, migrate, config, fsck, undelete, keys, admin, cache, completion]

const program = new Program('marina')
  .description('A container registry platform: one program, simple to start and hard to break.')
  .option('--config <file>', 'YAML file with settings (default: marina.yaml, when there is one)')
  .showHelpAfterError('(marina --help lists the commands)')
  .showSuggestionAfterError()
  .exitOverride()

async function load() {
  const { loadConfig } = await import('./config/env.ts')
  return loadConfig(process.env, program.opts<{ config?: string }>().config)
}

for (const command of commands) addCommand(program, command, { load, program })

// A reader of the output may leave early (`| head`): that must not end a registry, or a command halfway.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

try {
  await program.parseAsync()
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode
  else {
    process.stderr.write(`marina: ${textOf(error as NodeJS.ErrnoException)}\n`)
    process.exitCode = 1
  }
}

/** One sentence; for an unexpected error, at log level debug, its stack. */
function textOf(error: NodeJS.ErrnoException): string {
  const isExpected = error instanceof ConfigError || error.code !== undefined
  const isAsked = process.env.MARINA_LOG_LEVEL?.includes('debug') === true
  return (isExpected || !isAsked ? undefined : error.stack) ?? error.message
}
