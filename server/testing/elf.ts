/** A program of ELF, 64 bits, with these sections and nothing that runs (elf(5)). */
export function elfOf(sections: Record<string, Buffer>): Buffer {
  const all: [string, Buffer][] = [['', Buffer.alloc(0)], ...Object.entries(sections)]
  const names = Buffer.from(`${[...all.map(([name]) => name), '.shstrtab'].join('\0')}\0`)
  all.push(['.shstrtab', names])
  const header = Buffer.alloc(64)
  header.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  const table: Buffer[] = []
  let at = header.length
  for (const [name, content] of all) {
    const row = Buffer.alloc(64)
    row.writeUInt32LE(name === '' ? 0 : names.indexOf(`${name}\0`), 0)
    row.writeBigUInt64LE(BigInt(at), 24)
    row.writeBigUInt64LE(BigInt(content.length), 32)
    table.push(row)
    at += content.length
  }
  header.writeBigUInt64LE(BigInt(at), 40)
  header.writeUInt16LE(64, 58)
  header.writeUInt16LE(all.length, 60)
  header.writeUInt16LE(all.length - 1, 62)
  return Buffer.concat([header, ...all.map(([, content]) => content), ...table])
}
