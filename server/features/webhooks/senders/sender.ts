import type { HookEvent } from '../events.ts'

/** The body of a POST request. */
export type Message = { contentType: string; body: string }

/** A target's settings for its messages. */
type Looks = { format: string; template: string | undefined; policyId: number }

/** A kind of target. */
export type Sender = {
  /** Its name: the `type` of a target. */
  type: string
  /** Harbor's vendor type of its executions. */
  vendor: string
  /** The payload formats to choose from; the first is the default. When it is empty, naming a format is an error. */
  formats: readonly string[]
  needsTemplate: boolean
  /** Must not throw, whatever the event holds. */
  render(event: HookEvent, looks: Looks): Message
}
