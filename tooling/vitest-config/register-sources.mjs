// Lets worker threads and child processes of a test run load TypeScript sources (see sources-hooks.mjs).
import { register } from 'node:module'

register('./sources-hooks.mjs', import.meta.url)
