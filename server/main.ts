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

// The parts are loaded by the command that needs them: help, config and completion answer at once. What Node makes of
// their sources is kept for the next start, where the folder can be written; in a shared temporary folder others could
// put theirs there.
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

// A reader of our output may leave early (`| head`): that ends no registry, and no command in the middle.
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

/** One sentence for what a person can put right; a stack only for what is our fault. */
function textOf(error: NodeJS.ErrnoException): string {
  const isExpected = error instanceof ConfigError || error.code !== undefined
  const isAsked = process.env.MARINA_LOG_LEVEL?.includes('debug') === true
  return (isExpected || !isAsked ? undefined : error.stack) ?? error.message
}
