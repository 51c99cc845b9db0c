import { errorFunction, type OpName } from "@millrace/ops";
import { hyperbolicTangent, logistic } from "../arithmetic/exponential.ts";
