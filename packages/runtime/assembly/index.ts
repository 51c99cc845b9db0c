export { convolve } from "./convolution";
export { lookUp, lookUpPair } from "./tables";
