import { output } from './scratch.ts'

type Load = {
  port: number
  target: string
  headers: Record<string, string>
  threads: number
  connections: number
  seconds: number
}

/** Requests per second by wrk. An answer that is not a success or a broken connection fails the measurement. */
export async function wrk({ port, target, headers, threads, connections, seconds }: Load): Promise<number> {
  const lines = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const said = await output('wrk', [
    `-t${threads}`,
    `-c${connections}`,
    `-d${seconds}s`,
    '--timeout',
    '30s',
    ...lines,
    `http://127.0.0.1:${port}${target}`,
  ])
  if (/Non-2xx|Socket errors/.test(said)) throw new Error(`wrk saw failures:\n${said}`)
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(said)![1])
}
