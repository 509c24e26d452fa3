import { askAll } from '../ask-all.ts'
import { basic, databaseUrlOf, startMarina } from '../registries.ts'
import type { Row, Scenario } from '../scenario.ts'
import { seed } from '../seed.ts'

const sizes = { small: 10_000, large: 100_000 }
const query = 'with_tag=true&with_label=true&with_accessory=true'
const requests = { few: 1600, many: 3000 }

export const artifactList: Scenario = {
  name: 'artifact-list',
  says:
    'lists of 10,000 and 100,000 artifacts with tags, labels and accessories at 16 and 300 clients, ' +
    'first and deep pages; referrers of one with 10,000',
  async run({ scratch, rounds, say }): Promise<Row[]> {
    const marina = await startMarina(scratch)
    const url = databaseUrlOf(scratch)
    say('seeding')
    await seed(url, { repository: 'library/small', artifacts: sizes.small, referrers: 0 })
    const subject = await seed(url, { repository: 'library/large', artifacts: sizes.large, referrers: 10_000 })
    const head = `authorization: ${basic}\r\n`
    const token = `authorization: Bearer ${await marina.token(['library/large'])}\r\n`
    const list = (repository: 'small' | 'large', page: () => number) => () =>
      `/api/v2.0/projects/library/repositories/${repository}/artifacts?${query}&page_size=10&page=${page()}`
    const deep = (size: number) => () => Math.floor((size / 10) * (0.5 + Math.random() / 2))
    const sides = {
      'first page of 10,000, 16 clients': { clients: 16, head, target: list('small', () => 1) },
      'first page of 100,000, 16 clients': { clients: 16, head, target: list('large', () => 1) },
      'deep pages of 10,000, 16 clients': { clients: 16, head, target: list('small', deep(sizes.small)) },
      'deep pages of 100,000, 16 clients': { clients: 16, head, target: list('large', deep(sizes.large)) },
      'first page of 100,000, 300 clients': { clients: 300, head, target: list('large', () => 1) },
      'deep pages of 100,000, 300 clients': { clients: 300, head, target: list('large', deep(sizes.large)) },
      'referrers, one page of 100 of 10,000, 16 clients': {
        clients: 16,
        head: token,
        target: () => `/v2/library/large/referrers/${subject}?n=100`,
      },
    }
    const values = Object.fromEntries(Object.keys(sides).map((name) => [name, [] as number[]]))
    // One unmeasured round for each: a new process still compiles its code and plans its statements.
    for (const side of Object.values(sides)) await askAll(marina.port, side, side.clients * 4)
    for (let round = 1; round <= rounds; round++) {
      for (const [name, side] of Object.entries(sides)) {
        const ms = await askAll(marina.port, side, side.clients > 100 ? requests.many : requests.few)
        values[name]!.push(ms[Math.floor(ms.length * 0.95)]!)
        const [p95, p50] = [values[name]!.at(-1)!.toFixed(1), ms[ms.length >> 1]!.toFixed(1)]
        say(`${name}, round ${round} of ${rounds}: p95 ${p95} ms, p50 ${p50} ms`)
      }
    }
    const row = (name: keyof typeof sides, most: number, against?: keyof typeof sides): Row => ({
      what: `${name}: p95`,
      unit: 'ms',
      ours: values[name]!,
      lessIsBetter: true,
      target: { most },
      ...(against ? { against: { name: against, values: values[against]! } } : {}),
    })
    return [
      row('first page of 100,000, 16 clients', 50, 'first page of 10,000, 16 clients'),
      row('deep pages of 100,000, 16 clients', 50, 'deep pages of 10,000, 16 clients'),
      row('first page of 100,000, 300 clients', 200),
      row('deep pages of 100,000, 300 clients', 200),
      row('referrers, one page of 100 of 10,000, 16 clients', 50),
    ]
  },
}
