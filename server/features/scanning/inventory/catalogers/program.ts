import { isElf } from '../elf.ts'

/** Beginnings of Mach-O files, 32 and 64 bits in both byte orders (mach-o/loader.h). */
const machO = [0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe]

/** Whether a file is a program or a library: ELF, PE (Windows) or Mach-O (macOS). */
export function isProgram(head: Buffer): boolean {
  if (head.length < 4) return false
  return isElf(head) || head.readUInt16BE(0) === 0x4d5a || machO.includes(head.readUInt32BE(0))
}
