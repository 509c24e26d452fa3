import type { Command } from './command.ts'
import { print } from './terminal.ts'

const shells = ['bash', 'zsh', 'fish'] as const

export const completion: Command<{ shell: (typeof shells)[number] }> = {
  name: 'completion',
  about: 'print a completion script for the shell',
  arguments: [{ name: 'shell', about: 'which one', choices: shells }],
  run: async ({ shell }, { program }) => {
    const [{ completionScript }, { openClientProgram }] = await Promise.all([
      import('../../cli/lib/completion/script.ts'),
      import('../../cli/main.ts'),
    ])
    print(completionScript(shell, [program, await openClientProgram()]))
  },
}
