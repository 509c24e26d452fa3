import { headerOf, openConnection } from '../connection.ts'
import { makeImage, pushImage } from '../image.ts'
import { startMarina, startRedis, startSecondMarina } from '../registries.ts'
import type { Row, Scenario } from '../scenario.ts'

/** BENCH_CHECKS sets another number. */
const checks = Number(process.env['BENCH_CHECKS'] ?? 100_000)
const lanes = 16
const manifestType = 'application/vnd.oci.image.manifest.v1+json'

export const cacheTwo: Scenario = {
  name: 'cache-two',
  says:
    'two processes with Redis: a tag is moved through one and at once pulled from the other, 100,000 times; ' +
    'how often the answer was wrong',
  roundsAtMost: 1,
  async run({ scratch, say }): Promise<Row[]> {
    const redis = { MARINA_REDIS_URL: (await startRedis(scratch)).url }
    const first = await startMarina(scratch, redis)
    // With little memory of its own, the process has to use Redis.
    const second = await startSecondMarina(scratch, { ...redis, MARINA_CACHE_BYTES: '16KiB' })
    let [done, wrong] = [0, 0]
    const started = performance.now()
    await Promise.all(
      Array.from({ length: lanes }, async (_, lane) => {
        const name = `library/lane${lane}`
        const token = await first.token([name])
        const head = `authorization: Bearer ${token}\r\n`
        const [to, from] = [await openConnection(first.port), await openConnection(second.port)]
        const images = [makeImage(), makeImage()]
        for (const [index, image] of images.entries()) await pushImage(to, token, name, `image${index}`, image)
        for (let turn = 0; done < checks; turn++) {
          const { manifest } = images[turn % 2]!
          const pushed = await to.ask(
            'PUT',
            `/v2/${name}/manifests/moving`,
            `${head}content-type: ${manifestType}\r\n`,
            manifest,
          )
          if (pushed.status !== 201)
            throw new Error(`a push was refused: ${pushed.status} ${pushed.body.toString().slice(0, 200)}`)
          const pulled = await from.ask('GET', `/v2/${name}/manifests/moving`, head)
          if (
            pulled.status !== 200 ||
            !pulled.body.equals(manifest) ||
            headerOf(pulled.head, 'docker-content-digest') !== headerOf(pushed.head, 'docker-content-digest')
          )
            wrong++
          if (++done % 5000 === 0)
            say(
              `${done} of ${checks}: ${wrong} wrong, ` +
                `${Math.round(done / ((performance.now() - started) / 1000))} a second`,
            )
        }
        to.close()
        from.close()
      }),
    )
    return [
      {
        what: `wrong answers of ${done} pulls after a push through the other process`,
        unit: 'pulls',
        ours: [wrong],
        lessIsBetter: true,
        target: { most: 0 },
      },
    ]
  },
}
