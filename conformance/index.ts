/** perdure/conformance: what every backend promises, as tests for the runner of your choice. */
export type { BackendUnderTest } from './case.js'
export { testBackend, type BackendSuiteOptions } from './suite.js'
