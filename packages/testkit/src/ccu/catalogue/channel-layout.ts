/** Writes a layout out: `KEY*2` is two of them, `[A B*3]*2` the group twice, groups do not nest. */
export function expandLayout(layout: string): readonly string[] {
  const flat = layout.replaceAll(/\[([^\]]*)\](?:\*(\d+))?/g, (_all, group: string, times = '1') =>
    Array.from({ length: Number(times) }, () => group).join(' '),
  )
  return flat.split(' ').flatMap(repeat)
}

function repeat(entry: string): readonly string[] {
  const [channel = '', times = '1'] = entry.split('*')
  return Array.from({ length: Number(times) }, () => channel)
}
