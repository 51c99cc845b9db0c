import { fromNumbers, type Value } from "@millrace/ir";
import { add, div, erf, maximum, minimum, mul } from "@millrace/ops";
import { edit, rewrite } from "@millrace/passes";

/** Beyond this the function is 1 in float32. */
const end = 4;

/** Coefficients of x¹³, x¹¹ … x over those of x⁸, x⁶ … 1; the quotient is within 5e-7 of the function up to the end. Source: Eigen. */
const numerator = [
  -2.72614225801306e-10, 2.77068142495902e-8, -2.10102402082508e-6, -5.69250639462346e-5, -7.34990630326855e-4,
  -2.95459980854025e-3, -1.60960333262415e-2,
];
const denominator = [
  -1.45660718464996e-5, -2.13374055278905e-4, -1.68282697438203e-3, -7.37332916720468e-3, -1.42647390514189e-2,
];

/** The error function as a quotient of polynomials: TFLite has none but within GELU. */
export const spellErrorFunction = rewrite("tflite-spell-error-function", {
  roots: [erf],
  find: (node) => (node.outputs[0].type.dtype === "f32" ? {} : undefined),
  replace(_, node, graph) {
    const { step, finish, constant } = edit(graph, node);
    const [x] = node.inputs;
    const kind = { dtype: "f32" } as const;
    const number = (value: number) => constant(`${value}`, fromNumbers("f32", [], [value]));
    const plain = { activation: "none" };
    const inside = step(maximum, [step(minimum, [x, number(end)], {}, kind), number(-end)], {}, kind);
    const square = step(mul, [inside, inside], plain, kind);
    const polynomial = ([first, ...rest]: readonly number[]): Value =>
      rest.reduce(
        (sum, coefficient) => step(add, [step(mul, [sum, square], plain, kind), number(coefficient)], plain, kind),
        number(first),
      );
    finish(div, [step(mul, [inside, polynomial(numerator)], plain, kind), polynomial(denominator)], plain);
  },
});
