import { setTimeout as sleep } from 'node:timers/promises'
import type { Reach } from '../../platform/outbound/outbound.ts'
import { failed, failedCall, refusedAnswer, throttled } from './answers.ts'
import type { RemoteFailed } from './failed.ts'
import type { Answer, Line, Question } from './line.ts'

/**
 * Asks the other side, as often as that is safe and useful: waits for the endpoint's budget, renews a token that is
 * refused once, and repeats what failed in passing with back-off and jitter. Throws OciError or RemoteFailed.
 */
export async function ask(line: Line, question: Question): Promise<Answer> {
  const { limits } = line
  let [tries, isRenewed, since] = [1, false, undefined as number | undefined]
  const isStream = typeof question.body === 'object' && !Buffer.isBuffer(question.body)
  for (;;) {
    await passBudget(line, question, since)
    const answer = await send(line, question, isRenewed)
    const isLast = isStream || tries >= limits.tries
    if (answer instanceof Error) {
      if (!question.isRepeatable || isLast || !answer.isPassing) throw answer
      await backOff(line, tries++)
      continue
    }
    const isThrottled = await line.budget.note(answer).catch((error: unknown) => {
      answer.body.destroy()
      throw error
    })
    if (question.expects.includes(answer.status)) return answer
    const isRenewable = answer.status === 401 && renews(line, question, answer)
    if (isRenewable && !isRenewed && !isStream) {
      isRenewed = true
      await drop(answer)
    } else if (isThrottled && !isStream) {
      since ??= performance.now()
      await drop(answer)
    } else if (!isLast && mayPass(question, answer.status)) {
      await drop(answer)
      await backOff(line, tries++)
    } else throw await refusedAnswer(line, question, answer)
  }
}

/** Makes the call with the credential. Returns what failed between the two sides; throws what concerns tokens. */
async function send(line: Line, question: Question, isRenewed: boolean): Promise<Answer | RemoteFailed> {
  const { endpoint, limits, outbound } = line
  const { url, method, headers = {}, body, redirects = 0, silences = 1 } = question
  // A call to another host (an upload's location) gets no credential.
  const isOwn = new URL(url).origin === new URL(line.base).origin
  const reach = question.reach ?? (isOwn ? 'endpoint' : await onwardOf(line))
  const authorization = await shownBy(line, question, { isOwn, isRenewed }).catch((error: unknown) => {
    throw line.signal?.aborted ? failedCall(line, question, error) : error
  })
  try {
    const answer = await outbound.open({
      url,
      method,
      headers: { ...headers, ...(authorization ? { authorization } : {}) },
      reach,
      redirects,
      silenceMs: limits.silenceMs * silences,
      waitMs: limits.patienceMs,
      verifiesTls: endpoint.insecure !== true,
      ...(body === undefined ? {} : { body }),
      ...(endpoint.caCertificate ? { ca: endpoint.caCertificate } : {}),
      ...(line.signal ? { signal: line.signal } : {}),
    })
    if (isOwn && answer.url === url) line.place.isInside = answer.isInside
    return answer
  } catch (error) {
    return failedCall(line, question, error)
  }
}

/** What is sent as proof. `isOwn`: to the endpoint's own host. */
async function shownBy(
  line: Line,
  { authorization, scopes, showsCredential }: Question,
  { isOwn, isRenewed }: { isOwn: boolean; isRenewed: boolean },
): Promise<string | undefined> {
  if (showsCredential) return isOwn ? line.auth.ownHeader(isRenewed) : undefined
  return authorization ?? (scopes && isOwn ? line.auth.headerFor(line, scopes, isRenewed) : undefined)
}

/** What the endpoint may lead to (an upload's location, a vendor's API): inside only if it lies there itself. */
async function onwardOf(line: Line): Promise<Reach> {
  if (line.place.isInside === undefined) {
    const question = { method: 'GET', url: `${line.base}/v2/`, expects: [200, 401, 403, 404], isRepeatable: true }
    await drop(await ask(line, question))
  }
  return line.place.isInside === true ? 'endpoint' : 'onward'
}

/** `since`: when the endpoint throttled this call for the first time. */
async function passBudget(line: Line, question: Question, since: number | undefined): Promise<void> {
  const patience = line.limits.patienceMs - (since === undefined ? 0 : performance.now() - since)
  const passed = await line.budget.enter(Math.max(0, patience), line.signal).catch((error: unknown) => {
    throw line.signal?.aborted ? failedCall(line, question, error) : error
  })
  if (!passed.ok) throw throttled(line, question, passed.waitMs)
}

/** Whether another try can get another answer. 429 and 503 that name no pause are repeated like a broken line. */
function mayPass({ isRepeatable }: Question, status: number): boolean {
  return status === 429 || (isRepeatable && [408, 500, 502, 503, 504].includes(status))
}

/** Learns from a 401, also for the calls to come. True when another try can have another answer. */
function renews(line: Line, { scopes, authorization, showsCredential }: Question, answer: Answer): boolean {
  if (showsCredential) return line.auth.renewsOwn
  if (!scopes || authorization !== undefined) return false
  return line.auth.challenged(answer.headers['www-authenticate'], { isInside: answer.isInside, scopes })
}

/** The pause before try `tries + 1`: doubles, and is shortened by up to half at random, so that jobs do not march. */
async function backOff({ limits, signal }: Line, tries: number): Promise<void> {
  const most = limits.backOffMs * 2 ** (tries - 1)
  await sleep(most * (0.5 + Math.random() / 2), undefined, signal ? { signal } : {}).catch(() => {})
}

/** How much of an answer that nobody wants is read so that its connection can be used again, in bytes. */
const scrapBytes = 16 * 1024

/** Frees the connection of an answer that nobody reads. */
export async function drop({ body }: Pick<Answer, 'body'>): Promise<void> {
  try {
    let size = 0
    for await (const part of body as AsyncIterable<Buffer>) if ((size += part.length) > scrapBytes) break
  } catch {
    // The answer is not wanted, whole or not.
  }
}

/** Reads an answer of at most `limit` bytes. Throws RemoteFailed for a longer or cut one. */
async function readWhole(line: Line, question: Question, answer: Answer, limit: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  try {
    for await (const part of answer.body as AsyncIterable<Buffer>) {
      parts.push(part)
      if ((size += part.length) > limit)
        throw failed(line, question, 'not-a-registry', `it sends more than ${limit} bytes`)
    }
  } catch (error) {
    throw failedCall(line, question, error)
  }
  return Buffer.concat(parts)
}

/** Asks, and reads the whole answer; repeats a call whose answer is cut. */
export async function askWhole(
  line: Line,
  question: Question,
  limit = line.limits.answerBytes,
): Promise<Omit<Answer, 'body'> & { content: Buffer }> {
  for (let tries = 1; ; tries++) {
    const answer = await ask(line, question)
    try {
      return { ...answer, content: await readWhole(line, question, answer, limit) }
    } catch (error) {
      const isPassing = (error as RemoteFailed).isPassing && question.isRepeatable && tries < line.limits.tries
      if (!isPassing) throw error
      await backOff(line, tries)
    }
  }
}
