import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'

export const basic = (password: string, name = 'admin') => ({
  authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
})

/** Sends one request. Throws with the answer when its status is not the wanted one. */
export async function ask(
  url: string,
  want: number,
  {
    method = 'GET',
    headers = {},
    body,
  }: { method?: string; headers?: Record<string, string>; body?: string | Uint8Array<ArrayBuffer> } = {},
): Promise<{ headers: Headers; bytes: Buffer; json: unknown }> {
  const response = await fetch(url, { method, headers, redirect: 'manual', ...(body === undefined ? {} : { body }) })
  const bytes = Buffer.from(await response.arrayBuffer())
  assert.equal(response.status, want, `${method} ${url}: ${bytes.toString().slice(0, 500)}`)
  return {
    headers: response.headers,
    bytes,
    get json() {
      return JSON.parse(bytes.toString()) as unknown
    },
  }
}

type SlowUpload = { answered: boolean; finish(): Promise<IncomingMessage> }

/** Starts a PUT of a blob and stops halfway, when Marina has received the first half. */
export async function beginUpload(
  url: string,
  repository: string,
  digest: string,
  bytes: Buffer,
  password: string,
): Promise<SlowUpload> {
  const { headers } = await ask(`${url}/v2/${repository}/blobs/uploads/`, 202, {
    method: 'POST',
    headers: basic(password),
  })
  const place = new URL(headers.get('location')!, url)
  place.searchParams.set('digest', digest)
  const upload = request(place, {
    method: 'PUT',
    agent: false,
    headers: {
      ...basic(password),
      'content-type': 'application/octet-stream',
      'content-length': String(bytes.length),
      expect: '100-continue',
    },
  })
  const half = Math.floor(bytes.length / 2)
  const answer = once(upload, 'response') as Promise<[IncomingMessage]>
  answer.catch(() => {})
  upload.flushHeaders()
  await Promise.race([
    once(upload, 'continue'),
    answer.then(([response]) => assert.fail(`answered ${response.statusCode} too early`)),
  ])
  upload.write(bytes.subarray(0, half))
  const state: SlowUpload = {
    answered: false,
    async finish() {
      upload.end(bytes.subarray(half))
      const [response] = await answer
      response.resume()
      return response
    },
  }
  answer.then(
    () => (state.answered = true),
    () => {},
  )
  return state
}
