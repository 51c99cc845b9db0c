/** What ExecuTorch's runtime itself computes: scalars, mostly of sizes. */
export const primitiveKernels = `
executorch_prim::add.Scalar(Scalar a, Scalar b) -> Scalar
executorch_prim::sub.Scalar(Scalar a, Scalar b) -> Scalar
executorch_prim::mul.Scalar(Scalar a, Scalar b) -> Scalar
executorch_prim::floordiv.Scalar(Scalar a, Scalar b) -> Scalar
executorch_prim::truediv.Scalar(Scalar a, Scalar b) -> Scalar
executorch_prim::mod.Scalar(Scalar a, Scalar b) -> Scalar
executorch_prim::sym_max.Scalar(Scalar a, Scalar b) -> Scalar
executorch_prim::sym_min.Scalar(Scalar a, Scalar b) -> Scalar
executorch_prim::eq.Scalar(Scalar a, Scalar b) -> bool
executorch_prim::gt.Scalar(Scalar a, Scalar b) -> bool
executorch_prim::lt.Scalar(Scalar a, Scalar b) -> bool
executorch_prim::ge.Scalar(Scalar a, Scalar b) -> bool
executorch_prim::le.Scalar(Scalar a, Scalar b) -> bool
executorch_prim::floordiv.int(int a, int b) -> int
executorch_prim::mod.int(int a, int b) -> int
executorch_prim::neg.Scalar(Scalar a) -> Scalar
executorch_prim::sym_float.Scalar(Scalar a) -> Scalar
executorch_prim::ceil.Scalar(Scalar a) -> Scalar
executorch_prim::round.Scalar(Scalar a) -> Scalar
executorch_prim::trunc.Scalar(Scalar a) -> Scalar
executorch_prim::et_copy_index.tensor(Tensor(a!) copy_to, Tensor to_copy, int index) -> Tensor(a!)
executorch_prim::et_view.default(Tensor self, int[] size) -> Tensor
`;
