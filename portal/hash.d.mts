export const buildsFolder: string
export function hashOfPortal(): string
export function readCurrent(): string | undefined
export function writeCurrent(hash: string): void
