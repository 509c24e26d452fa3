import { setTimeout as sleep } from 'node:timers/promises'
import { openProgress, type Step } from './progress.ts'
import type { Style } from './table.ts'

type Watched<Row> = {
  name: string
  /** What to say when Ctrl-C ends the watching, but not the work. */
  hint: string
  read(): Promise<Row>
  isOver(row: Row): boolean
  step(row: Row): Step
}

const pauseMs = 500

/** Reads twice a second how a work goes on, shows it on stderr, and returns its last state. */
export async function watch<Row>({ name, hint, read, isOver: ends, step }: Watched<Row>): Promise<Row> {
  const progress = openProgress(name, process.env)
  const leave = () => {
    progress.end()
    process.stderr.write(`${hint}\n`)
    process.exit(130)
  }
  process.once('SIGINT', leave)
  try {
    for (;;) {
      const row = await read()
      progress.show(step(row))
      if (ends(row)) return row
      await sleep(pauseMs)
    }
  } finally {
    progress.end()
    process.removeListener('SIGINT', leave)
  }
}

/** The status of an execution or a task that will not change any more. */
export const isOver = (status: string): boolean => /^(?:Success|Succeed|Error|Failed|Stopped)$/.test(status)

export const styleOf = (status: string): Style =>
  status.startsWith('Succe') ? 'good' : /^(?:Error|Failed)$/.test(status) ? 'bad' : 'busy'
