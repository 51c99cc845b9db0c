import { Graph, verify, printGraph, parseGraph, equalGraphs, zeros } from "/work/main/packages/ir/src/index.ts";
import { operators, add } from "/work/main/packages/ops/src/index.ts";
for (const n of [12500, 25000, 50000]) {
  const g = new Graph("big");
  let v = g.addInput("x", { dtype: "f32", shape: ["N", 3] });
  const c = g.addConstant("c", zeros("f32", [3]));
  for (let i = 0; i < n; i++) v = g.addNode({ op: add, inputs: [v, c], attributes: { activation: "none" }, name: `n${i}`, origin: [`n${i}`] }).outputs[0];
  g.setOutputs([v]);
  const t: number[] = [performance.now()];
  const found = verify(g).length; t.push(performance.now());
  const text = printGraph(g, { constants: "full" }); t.push(performance.now());
  const p = parseGraph(text, operators); t.push(performance.now());
  const e = equalGraphs(g, p); t.push(performance.now());
  console.log(n, found, e, text.length, t.slice(1).map((x, i) => Math.round(x - t[i])));
}
const g = new Graph("fat");
const c = g.addConstant("c", zeros("f32", [25_000_000]));
g.setOutputs([c]);
let t = performance.now();
const text = printGraph(g, { constants: "full" }); console.log("print 100MB", performance.now() - t); t = performance.now();
const p = parseGraph(text, operators); console.log("parse", performance.now() - t); t = performance.now();
console.log(equalGraphs(g, p), performance.now() - t);
