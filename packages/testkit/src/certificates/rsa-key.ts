import { generateKeyPair } from 'node:crypto'
import { promisify } from 'node:util'

/** Makes an RSA key of 2048 bits, in PKCS #1 PEM: the only kind that the certificate library signs with. */
export async function generateKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
  })
  return privateKey
}

let leafKey: Promise<string> | undefined

/** The one key that all server and client certificates of this process share, since making one takes its time. */
export function sharedLeafKey(): Promise<string> {
  leafKey ??= generateKey()
  return leafKey
}
