import { fail } from "@millrace/ir";

/** Why some operators have no place in a graph that computes the same numbers from tensors at every run. */
export const refusals: readonly (readonly [reason: string, hint: string, name: RegExp])[] = [
  [
    "its results are random",
    "Export the model in evaluation mode (model.eval()), or make the random numbers an input of the model.",
    /^(rand|randn|randint|randperm|normal|uniform|bernoulli|multinomial|poisson|exponential|geometric)(_like)?_?$/,
  ],
  ["it is a step of training", "Export the model in evaluation mode (model.eval()).", /_backward(_\w+)?$/],
  [
    "it computes complex numbers",
    "Do that before or after the model.",
    /^(_?fft_|view_as_complex|view_as_real|stft|istft|complex|polar)/,
  ],
  [
    "it is a step of torch.vmap",
    "Export the model with run_decompositions(), which writes torch.vmap out.",
    /^(_\w+_batch_dim|_vmap_\w+|lazy_load_decompositions)$/,
  ],
  [
    "it spells out integer arithmetic, as the reference representation of a quantized model does",
    "Convert the model with convert_pt2e and without use_reference_representation.",
    /^out_dtype$/,
  ],
  [
    "it solves, decomposes or inverts matrices",
    "Do that before or after the model, or store its result as a parameter.",
    /^(_?linalg_)?(svd|svdvals|eig|eigh|eigvals|eigvalsh|qr|geqrf|orgqr|lu|ldl|cholesky|solve|triangular|inv|inverse|pinv|pinverse|det|logdet|slogdet|lstsq|matrix_exp|matrix_rank)(_\w+)?$/,
  ],
  [
    "it computes with sparse or nested tensors",
    "Use plain (strided) tensors in the model.",
    /^_?(to_)?(sparse|nested|jagged|padded_dense)_|^to_dense$|^(coalesce|crow_indices|col_indices)$/,
  ],
  [
    "it reads or writes memory past the shape of its tensor",
    "Write it with operators on shapes, such as reshape, slice or permute.",
    /^(resize_|empty_strided|set_)/,
  ],
];

/** Throws `torch.unknown-operator` with the reason why there is no handler for the overload. */
export function refuseOperator(overload: string, operator: string): never {
  const known = refusals.find(([, , name]) => name.test(operator));
  if (known) return fail("torch.unknown-operator", `${overload} is not supported: ${known[0]}`, { hint: known[1] });
  const isOwn = overload.startsWith("aten.") || overload.startsWith("higher_order.");
  return fail("torch.unknown-operator", `${overload} is not supported`, {
    hint: isOwn
      ? "Write it with other operators, or export the model with run_decompositions()."
      : "Write the module with operators of PyTorch; this one belongs to another library.",
  });
}
