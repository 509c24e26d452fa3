import { styleText } from 'node:util'
import pino from 'pino'

export type Log = pino.Logger

type LogOptions = {
  level: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  format: 'auto' | 'json' | 'text'
  stream?: NodeJS.WriteStream
}

/** Logs to stderr, so that stdout has only the output of a command. Secrets must never be passed to it. */
export function openLog({ level, format, stream = process.stderr }: LogOptions): Log {
  const text = format === 'text' || (format === 'auto' && stream.isTTY)
  const options: pino.LoggerOptions = {
    level,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: ['*.password', '*.secret', '*.token', '*.authorization'],
  }
  return pino(options, text ? textTo(stream) : pino.destination({ fd: 2, sync: false, minLength: 0 }))
}

const colours = { debug: 'gray', info: 'green', warn: 'yellow', error: 'red' } as const

/** Escapes a text on one line: a name chosen by a user must not add lines or send commands to a terminal. */
const oneLine = (text: string) =>
  text.replaceAll(/\p{Cc}/gu, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** Writes one line for people: time, level, message, then the other fields as key=value. */
function textTo(stream: NodeJS.WriteStream): pino.DestinationStream {
  return {
    write(json) {
      const { time, level, msg, err, ...rest } = JSON.parse(json) as Record<string, unknown> & {
        level: keyof typeof colours
        err?: { stack?: string }
      }
      const more = Object.entries(rest).map(
        ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
      )
      const name = stream.isTTY ? styleText(colours[level] ?? 'gray', level.padEnd(5)) : level.padEnd(5)
      const line = [String(time).slice(11, 23), name, ...[String(msg), ...more].map(oneLine)].join(' ')
      stream.write(`${line}\n${err?.stack ? `${err.stack}\n` : ''}`)
    },
  }
}
