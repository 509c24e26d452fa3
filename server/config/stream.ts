import { hour, minute, setting, size, time } from './setting.ts'
import { integer } from './units.ts'

/** Streams of events, which browsers follow. */
export const stream = {
  streams: setting({
    env: 'MARINA_STREAMS',
    path: 'stream.streams',
    parse: integer(0, 100_000),
    fallback: 500,
    help: 'streams of events that one process serves at a time; 0 serves none',
  }),
  perCaller: setting({
    env: 'MARINA_STREAMS_PER_CALLER',
    path: 'stream.per_caller',
    parse: integer(1, 10_000),
    fallback: 20,
    help: 'streams of events that one account or robot may have open in one process',
  }),
  bufferBytes: size({
    env: 'MARINA_STREAM_BUFFER',
    path: 'stream.buffer',
    min: 4096,
    max: 64 * 1024 * 1024,
    fallback: 256 * 1024,
    help: 'how much may wait for a client that reads its stream slowly; with more its stream ends, and it can resume',
  }),
  heartbeatMs: time({
    env: 'MARINA_STREAM_HEARTBEAT',
    path: 'stream.heartbeat',
    min: 50,
    max: 10 * minute,
    fallback: 15_000,
    help: 'how often a stream says that it is alive, and whether its caller still may have it is checked',
  }),
  ttlMs: time({
    env: 'MARINA_STREAM_TIME',
    path: 'stream.time',
    min: 100,
    max: 24 * hour,
    fallback: hour,
    help: 'a stream ends after this, and its client signs in anew and resumes',
  }),
  replay: setting({
    env: 'MARINA_STREAM_REPLAY',
    path: 'stream.replay',
    parse: integer(0, 1_000_000),
    fallback: 10_000,
    help: 'facts that a resumed stream reads at most; a client that missed more is told to read anew',
  }),
}
