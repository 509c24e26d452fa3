import { request as httpRequest } from 'node:http'
import { parentPort, workerData } from 'node:worker_threads'

/** A request with a body of `bytes`, on a connection of its own that ends with the answer; sent `tries` times. */
export type EagerRequest = {
  port: number
  method: string
  path: string
  headers: Record<string, string>
  bytes: number
  tries: number
}

/**
 * Node's own HTTP client in a thread of its own, to be started as a Worker: in the server's thread, it would send
 * nothing while the server answers. Posts a list: each try's status, or the error that the client saw instead.
 */
async function sendAll({ port, method, path, headers, bytes, tries }: EagerRequest): Promise<(number | string)[]> {
  const body = Buffer.alloc(bytes, 'x')
  const answers = []
  for (let left = tries; left > 0; left--)
    answers.push(
      await new Promise<number | string>((resolve) => {
        const whole = { ...headers, 'content-length': String(bytes) }
        const to = { host: '127.0.0.1', port, agent: false, method, path, headers: whole }
        const request = httpRequest(to, (response) => {
          response.resume().once('end', () => resolve(response.statusCode!))
        })
        request.once('error', (error) => resolve(error.message))
        request.end(body)
      }),
    )
  return answers
}

parentPort!.postMessage(await sendAll(workerData as EagerRequest))
