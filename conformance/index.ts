/** perdure/conformance: what every backend promises, as tests for the runner of your choice. */
export type { BackendUnderTest } from './case.js'
export { testBackend, type BackendSuiteOptions } from './suite.js'
export { testBlobStore, type BlobStoreSuiteOptions, type BlobStoreUnderTest } from './blob-suite.js'
export { testKeyStore, type KeyStoreSuiteOptions, type KeyStoreUnderTest } from './key-suite.js'
