/** The conformance suite on the memory backend. */
import { openMemoryBackend } from '../../src/backends/memory/backend.js'
import { runSuite } from './runs.js'

runSuite({ name: 'memory', durable: false, open: () => Promise.resolve({ backend: openMemoryBackend() }) })
