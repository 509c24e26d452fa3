/** What a client command loads, and what `--help` says of each. */
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'
import type { Command as Program } from 'commander'
import { openCommandLine } from '../server/testing/command-line.ts'
import { findClientCommand } from './nouns.ts'
import { openClientProgram } from './main.ts'

const root = path.resolve(import.meta.dirname, '..')

test('a client command loads nothing of the server, no TypeBox and few files', async () => {
  await using cli = await openCommandLine()
  const [spy, list] = [path.join(cli.configDir, 'spy.mjs'), path.join(cli.configDir, 'loaded')]
  await writeFile(
    spy,
    `import { registerHooks } from 'node:module'
    import { appendFileSync } from 'node:fs'
    const note = (url) => appendFileSync(${JSON.stringify(list)}, url + '\\n')
    registerHooks({ load: (url, context, next) => (note(url), next(url, context)) })`,
  )
  const env = { NODE_OPTIONS: `--import=${spy}`, MARINA_CLI_URL: 'http://127.0.0.1:1' }
  assert.equal((await cli.run(['projects', 'list'], { env })).code, 6)
  const files = (await readFile(list, 'utf8')).split('\n').filter((url) => url.startsWith('file:'))
  const names = files.map((url) => path.relative(root, new URL(url).pathname))
  assert.ok(names.includes('cli/commands/projects.ts'), names.join(' '))
  assert.deepEqual(
    names.filter((name) => name.startsWith('server/')),
    ['server/main.ts'],
  )
  assert.deepEqual(
    names.filter((name) => name.includes('node_modules/typebox')),
    [],
  )
  assert.deepEqual(
    names.filter((name) => /cli\/commands\/(?!projects)/.test(name)),
    [],
  )
  const own = names.filter((name) => !name.startsWith('node_modules/'))
  assert.ok(own.length < 40, `${own.length} files: ${own.join(' ')}`)
})

/** Each command with its words, such as `projects list`. */
function leaves(command: Program, words: string[] = []): [string[], Program][] {
  if (command.commands.length === 0) return [[words, command]]
  return command.commands.flatMap((one) => leaves(one, [...words, one.name()]))
}

test('every command explains itself, and every example is a command that there is, with its options', async () => {
  const commands = leaves(await openClientProgram())
  assert.ok(commands.length > 70)
  for (const [words, command] of commands) {
    const name = words.join(' ')
    assert.ok(command.description().length > 5, name)
    for (const option of command.options) assert.ok(option.description, `${name} ${option.flags}`)
    for (const argument of command.registeredArguments) assert.ok(argument.description, `${name} ${argument.name()}`)
  }
  const options = new Map(
    commands.map(([words, command]) => [words.join(' '), command.options.flatMap(({ short, long }) => [short, long])]),
  )
  let examples = 0
  for (const [words] of commands) {
    for (const line of examplesOf(await helpOf(words))) {
      const [noun = '', verb = ''] = line
      const full = findVerb(commands, noun, verb)
      const known = options.get(full ?? '')
      assert.ok(known, `marina ${words.join(' ')} --help: marina ${line.join(' ')}`)
      for (const word of line.filter((one) => /^(?:--[a-z-]+|-[a-z])$/.test(one)))
        assert.ok(known.includes(word), `marina ${words.join(' ')} --help: ${word} in marina ${line.join(' ')}`)
      examples += 1
    }
  }
  assert.ok(examples > 60, `${examples} examples`)
})

function findVerb(commands: [string[], Program][], noun: string, verb: string): string | undefined {
  const found = commands.find(([words, command]) => {
    const names = [words.at(-1), ...command.aliases()]
    return findClientCommand(noun)?.name === words[0] && (words.length === 1 || names.includes(verb))
  })
  return found?.[0].join(' ')
}

/** What is in the file of the noun: the text after `Examples:` is not part of `helpInformation`. */
async function helpOf(words: string[]): Promise<string> {
  const program = await openClientProgram()
  const command = words.reduce<Program>((one, name) => one.commands.find((below) => below.name() === name)!, program)
  let text = ''
  command.configureOutput({ writeOut: (part) => void (text += part) })
  command.outputHelp()
  return text
}

/** Command lines after `Examples:` that begin with marina, as words without the first. */
function examplesOf(help: string): string[][] {
  const [, examples = ''] = help.split('Examples:')
  const lines = examples.split('\n').map((line) => line.replace(/ {2}#.*$/, '').trim())
  const calls = lines.flatMap((line) =>
    [...line.matchAll(/(?<![\w/])marina ([a-z][^|;$)]*)/g)].map(([, words = '']) => words),
  )
  return calls.map((words) =>
    words
      .replaceAll(/'[^']*'|"[^"]*"/g, 'quoted')
      .split(' ')
      .filter(Boolean),
  )
}
