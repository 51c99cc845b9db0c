export { convolve } from "./convolution";
export { averagePool } from "./pooling";
export { lookUp, lookUpPair } from "./tables";
