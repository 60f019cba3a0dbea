/** The conformance suite on the file backend: small segments, so that every case crosses from one to the next. */
import { openFileUnderTest } from './file-under-test.js'
import { runSuite } from './runs.js'

runSuite({ name: 'file', durable: true, open: () => openFileUnderTest({ segmentBytes: 20_000 }) })
