import { ConfigError } from '../config/config.ts'

/** Turns the error of a failed listen into a sentence that names the setting to change. */
export function namingSettings(port: number, portSetting: string, host: string, hostSetting: string) {
  return ({ code, message }: NodeJS.ErrnoException): never => {
    if (code === 'EADDRINUSE')
      throw new ConfigError(`port ${port} on ${host} is in use by another program: end that, or set ${portSetting}`)
    if (code === 'EACCES')
      throw new ConfigError(
        `port ${port} needs rights that Marina was not started with: set ${portSetting} to one from 1024 on`,
      )
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw new ConfigError(`${host} is no address of this machine: set ${hostSetting}`)
    throw new ConfigError(`cannot listen on ${host}, port ${port} (${hostSetting}, ${portSetting}): ${message}`)
  }
}
