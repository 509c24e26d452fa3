import { createInterface } from 'node:readline/promises'
import { Problem, wrongUsage } from './problem.ts'

/** A line from the terminal; an empty one means `fallback`. Questions go to stderr: stdout is for answers. */
export async function ask(question: string, fallback?: string): Promise<string> {
  needTerminal(question)
  const reader = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const shown = fallback === undefined ? `${question}: ` : `${question} [${fallback}]: `
    const answer = await new Promise<string>((resolve, reject) => {
      reader.once('SIGINT', () => reject(interrupted()))
      reader.once('close', () => reject(interrupted()))
      void reader.question(shown).then(resolve, reject)
    })
    return answer.trim() === '' ? (fallback ?? '') : answer.trim()
  } finally {
    reader.close()
  }
}

/** A line that is not shown while it is typed. */
export async function askSecret(question: string): Promise<string> {
  needTerminal(question)
  const { stdin } = process
  // Before the question, so that no key is shown that is typed at once.
  stdin.setRawMode(true)
  process.stderr.write(`${question}: `)
  try {
    return await readHidden(stdin)
  } finally {
    stdin.setRawMode(false)
    stdin.pause()
    process.stderr.write('\n')
  }
}

/** Raw mode: Enter ends, Backspace takes one character back, Ctrl-U all, Ctrl-C and Ctrl-D give up. */
function readHidden(stdin: NodeJS.ReadStream): Promise<string> {
  let typed = ''
  return new Promise((resolve, reject) => {
    const end = (error?: Problem) => {
      stdin.off('data', take)
      if (error) reject(error)
      else resolve(typed)
    }
    const take = (part: Buffer | string) => {
      for (const key of String(part)) {
        if (key === '\r' || key === '\n') return end()
        if (key === '\u0003' || key === '\u0004') return end(interrupted())
        if (key === '\u007F' || key === '\b') typed = Array.from(typed).slice(0, -1).join('')
        else if (key === '\u0015') typed = ''
        else typed += key
      }
    }
    stdin
      .setEncoding('utf8')
      .on('data', take)
      .once('end', () => end(interrupted()))
      .resume()
  })
}

/** All of stdin without the line end, for passwords from another program. */
export async function readSecret(): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '')
  if (text === '') throw wrongUsage('stdin is empty: the password is expected there')
  return text
}

const interrupted = () => new Problem('interrupted; nothing was changed', { exitCode: 130 })

function needTerminal(question: string): void {
  if (!process.stdin.isTTY)
    throw wrongUsage(`${question}: there is no terminal to ask at`, 'say it by an option; --help lists them')
}
