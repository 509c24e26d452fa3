import { describeConfig } from '../config/config.ts'
import type { Command } from './command.ts'
import { dim, print, printJson } from './terminal.ts'

/** Values are padded to at most this many characters: one long path must not push all explanations out of sight. */
const widest = 44

export const config: Command<{ json?: boolean }> = {
  name: 'config',
  about: 'print the settings in force, without secrets',
  options: [{ flags: '--json', about: 'as JSON' }],
  run: async ({ json }, { load }) => {
    const { config: inForce, written, file } = await load()
    const rows = describeConfig(inForce, written)
    if (json) return printJson(Object.fromEntries(rows.map(({ env, value, source }) => [env, { value, source }])))
    print(`# file: ${file ?? 'none'}; an environment variable wins over the file`)
    const names = Math.max(...rows.map(({ env }) => env.length))
    const values = Math.min(Math.max(...rows.map(({ value }) => value.length)), widest)
    for (const { env, value, source, help } of rows) {
      const from = source === 'default' ? '' : ` [${source}]`
      print(`${env.padEnd(names)}  ${value.padEnd(values)}  ${dim(`${help}${from}`)}`)
    }
  },
}
