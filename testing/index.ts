/** perdure/testing: what tests of a program, a backend or a store need. Not for production. */
export { aroundBackend, justCall, type Around, type Operation } from './around-backend.js'
export { delayedBackend } from './delayed-backend.js'
export { faultAt, faultyBackend, seededFaults, type Fault, type FaultPlan } from './faulty-backend.js'
export { manualClock, type ManualClock } from './manual-clock.js'
export { seededRandom, seedOfThisRun, type SeededRandom } from './seeded-random.js'
export { SimulatedDisk, type SimulatedDiskOptions } from './simulated-disk.js'
