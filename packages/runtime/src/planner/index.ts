export { type Arena, activationsOf, arenaOf, arenaOfInSteps } from "./arena.ts";
export { type ArenaBuffer, checkBuffers, type MemoryPlan } from "./buffer.ts";
export { type PlanOptions, planMemory, planMemoryInSteps } from "./plan-memory.ts";
export { type NamedBuffer, readBuffers } from "./read-buffers.ts";
export { verifyPlan } from "./verify-plan.ts";
