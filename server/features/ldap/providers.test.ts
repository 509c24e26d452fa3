import { suite } from 'node:test'
import { openOutbound } from '../../platform/outbound/outbound.ts'
import { openLog } from '../../platform/observe/log.ts'
import { openPart } from '../../platform/observe/part.ts'
import { passwordOf, people, person } from '../../testing/directory.ts'
import { fresh } from '../../testing/given.ts'
import { findAccount, openOutside, updateAccount } from '../accounts/index.ts'
import { checkProvider } from '../accounts/providers/providers.suite.ts'
import { openSettings } from '../settings/index.ts'
import { directoryOf, ldapProvider } from './index.ts'
import { openLdapScene } from './scene.suite.ts'

const scene = await openLdapScene()

suite('people of a directory', () => {
  checkProvider(async () => {
    const { ground, config } = scene.marina
    const { db, cache, secrets } = ground
    const settings = openSettings({ db, cache, secrets, overwrite: undefined })
    const directory = directoryOf(config, openOutbound({ allow: ['127.0.0.1'] }))
    const outside = openOutside({
      db,
      cache,
      secrets,
      settings,
      providers: [ldapProvider(directory, settings)],
      limits: config.identity,
      part: openPart('identity', openLog({ level: 'silent', format: 'json' })),
    })
    const uid = fresh('user')
    const dn = `uid=${uid},${people}`
    await scene.directory.add(dn, person(uid))
    const { claim } = await outside.people(uid)
    const caller = await claim.check(passwordOf(uid), new AbortController().signal)
    if (caller?.kind !== 'user') throw new Error(`${uid} cannot log in`)
    return {
      provider: { name: 'ldap', claim: async (name) => (await outside.people(name)).claim },
      caller,
      password: passwordOf(uid),
      async changePassword() {
        await scene.directory.remove(dn)
        await scene.directory.add(dn, person(uid, { userPassword: 'Another12345' }))
        return 'Another12345'
      },
      switchOff: async () => updateAccount(db, (await findAccount(ground, uid))!, { isDisabled: true }),
    }
  })
})
