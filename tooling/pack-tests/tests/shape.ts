import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core'
import { readFileSync } from 'node:fs'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'

/** How nobody can load a package of ES modules, or only without their types. */
const NOT_MEANT = new Set(['node10', 'node16-cjs'])

/** What is wrong with the manifest and the files of a tarball; nothing, if all is well. */
export async function manifestFlaws(tarball: string): Promise<string[]> {
  const { messages, pkg } = await publint({ pack: { tarball: contentsOf(tarball) }, level: 'warning', strict: true })
  return messages.map((message) => formatMessage(message, pkg) ?? message.code)
}

/** What is wrong with how TypeScript finds the types of a tarball; nothing, if all is well. */
export async function typeFlaws(tarball: string): Promise<string[]> {
  const result = await checkPackage(createPackageFromTarballData(new Uint8Array(contentsOf(tarball))))
  if (result.types === false) return ['it has no types']
  const problems = result.problems.filter(
    (problem) => !('resolutionKind' in problem && NOT_MEANT.has(problem.resolutionKind)),
  )
  return problems.map((problem) => JSON.stringify(problem))
}

function contentsOf(file: string): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = readFileSync(file)
  return buffer.slice(byteOffset, byteOffset + byteLength)
}
