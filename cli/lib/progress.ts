import { isColoured } from './output.ts'
import { cut, tame } from './text.ts'

/** What a long work has done. `total` undefined: nobody knows yet. `text` says more, such as bytes. */
export type Step = { done: number; total: number | undefined; text: string }

type Progress = { show(step: Step): void; end(): void }

const slots = 24

/** A bar on the last line of the terminal; without a terminal a line for each change of the text, at most. */
export function openProgress(name: string, env: NodeJS.ProcessEnv): Progress {
  const { stderr } = process
  const isDrawn = stderr.isTTY && env['TERM'] !== 'dumb'
  let last = ''
  const write = (line: string) => {
    if (line === last) return
    last = line
    stderr.write(isDrawn ? `\r${cut(line, (stderr.columns || 80) - 1)}\u001B[K` : `${line}\n`)
  }
  return {
    show: (step) => write(tame(`${name} ${isDrawn ? bar(step, isColoured(env, stderr)) : ''}${step.text}`)),
    end: () => void (isDrawn && last !== '' && stderr.write('\n')),
  }
}

function bar({ done, total }: Step, isFine: boolean): string {
  if (total === undefined || total === 0) return ''
  const share = Math.min(done / total, 1)
  const full = Math.round(share * slots)
  const [filled, empty] = isFine ? ['█', '░'] : ['#', '.']
  return `${filled.repeat(full)}${empty.repeat(slots - full)} ${String(Math.floor(share * 100)).padStart(3)} %  `
}
