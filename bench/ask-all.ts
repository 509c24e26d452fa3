import { openConnection } from './connection.ts'

/** Requests of one kind: how many clients send them, with which head, and to where. */
type Side = { clients: number; head: string; target: () => string }

/** Sends `count` GET requests, one after the other on each client; the duration of each in ms, sorted. */
export async function askAll(port: number, { clients, head, target }: Side, count: number): Promise<number[]> {
  const connections = await Promise.all(Array.from({ length: clients }, () => openConnection(port)))
  const ms: number[] = []
  let left = count
  await Promise.all(
    connections.map(async (connection) => {
      while (left-- > 0) {
        const started = performance.now()
        const { status, body } = await connection.ask('GET', target(), head)
        if (status !== 200) throw new Error(`status ${status}: ${body.toString().slice(0, 200)}`)
        ms.push(performance.now() - started)
      }
      connection.close()
    }),
  )
  return ms.sort((a, b) => a - b)
}
