export const bundlesFolder: string
/** `top`: the folder that holds the sources; Marina's own without it. */
export function hashOfServer(top?: string): string
export function findBundle(): string | undefined
